#include "base/time.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(Rfc3339, RoundTripsAndNormalisesOffsets) {
  EXPECT_EQ(to_rfc3339(from_us(1'763'663'143'123'456)), "2025-11-20T18:25:43.123456Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("2026-03-01T00:30:00.5-03:00")), "2026-03-01T03:30:00.500000Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("2024-02-29T23:59:59.123456789Z")), "2024-02-29T23:59:59.123456Z");
}

TEST(Rfc3339, RefusesInstantsWhoseYearCannotBeWritten) {
  for (auto const* text :
       {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0000-12-31T20:00:00-05:00"})
    EXPECT_EQ(*parse_rfc3339(to_rfc3339(*parse_rfc3339(text))), *parse_rfc3339(text)) << text;
  for (auto const* text : {"0000-06-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Rfc3339, RefusesWhatIsNotAnInstant) {
  for (auto const* text :
       {"", "2026-11-20", "2026-11-20T10:00:00", "2026-02-30T10:00:00Z", "2026-11-20T24:00:00Z",
        "2026-11-20T10:00:00+25:00", "2026-11-20T10:00:00.Z", "tomorrow", "2026-11-20T10:00:00Zx"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Iso8601, TakesDatesLocalTimesAndTheBasicForm) {
  auto const utc = [](std::string_view text) { return to_rfc3339(*parse_iso8601(text)); };
  EXPECT_EQ(utc("2027-01-01"), "2027-01-01T00:00:00.000000Z");
  EXPECT_EQ(utc("20270101"), "2027-01-01T00:00:00.000000Z");
  EXPECT_EQ(utc("2027-01-01T09:30"), "2027-01-01T09:30:00.000000Z");
  EXPECT_EQ(utc("2027-01-01 09:30:15,5"), "2027-01-01T09:30:15.500000Z");
  EXPECT_EQ(utc("20270101T093015Z"), "2027-01-01T09:30:15.000000Z");
  EXPECT_EQ(utc("20270101T0930-0500"), "2027-01-01T14:30:00.000000Z");
  EXPECT_EQ(utc("2027-01-01T09:30:15.25-05"), "2027-01-01T14:30:15.250000Z");
  EXPECT_EQ(utc("2026-03-01T00:30:00.5-03:00"), "2026-03-01T03:30:00.500000Z");
}

TEST(Iso8601, RefusesWhatIsNoMoment) {
  for (auto const* text : {"", "2027", "2027-01", "2027-0101", "202701-01", "2027-02-29", "2027-01-01T",
                           "2027-01-01T09", "2027-01-01T0930", "20270101T09:30", "2027-01-01T09:30:",
                           "2027-01-01T09:30+5", "2027-01-01T09:30+05:3", "2027-01-01T09:30Zx", "tomorrow",
                           "2027-01-01T09:30:15.", "2027-01-01T24:00", "2027-01-01T09:30 -05:00"})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

TEST(HttpDate, RoundTrips) {
  auto const time = from_us(784'111'777'000'000);
  EXPECT_EQ(to_http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(*parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), time);
  EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
}

}  // namespace
}  // namespace hoist
