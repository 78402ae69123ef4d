#include "adapters/clamd/reply.hpp"

#include <gtest/gtest.h>

#include "adapters/clamd/daemon.hpp"

namespace hoist::clamd {
namespace {

using namespace std::string_view_literals;

TEST(ClamdReply, OnlyTheExactWordsAreClean) {
  EXPECT_EQ(parse_verdict("stream: OK")->verdict, Verdict::clean);
  for (auto const reply :
       {""sv, "OK"sv, "stream: ok"sv, "stream: OK "sv, "stream: OK\n"sv, "stream: OK FOUND?"sv, "stream:OK"sv,
        "x stream: OK"sv, "stream: "sv, "stream: OK\0stream: OK"sv, "UNKNOWN COMMAND"sv,
        "stream: Can't allocate memory ERROR"sv}) {
    auto const verdict = parse_verdict(reply);
    ASSERT_FALSE(verdict) << reply;
    EXPECT_EQ(verdict.error().code(), Code::unavailable) << reply;
  }
}

TEST(ClamdReply, WhatWasFoundIsNamed) {
  auto const verdict = parse_verdict("stream: Eicar-Test-Signature FOUND");
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->verdict, Verdict::infected);
  EXPECT_EQ(verdict->signature, "Eicar-Test-Signature");
  EXPECT_EQ(parse_verdict("stream: a\nb FOUND")->signature, "unnamed");
  EXPECT_EQ(parse_verdict("stream: OK FOUND")->verdict, Verdict::infected);
}

TEST(ClamdReply, M4_EncryptedIsNeitherCleanNorInfected) {
  for (auto const reply :
       {"stream: Heuristics.Encrypted.Zip FOUND"sv, "stream: Heuristics.Encrypted.PDF FOUND"sv}) {
    auto const report = parse_verdict(reply);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->verdict, Verdict::unscannable);
    EXPECT_TRUE(report->signature.starts_with("Heuristics.Encrypted."));
  }
}

TEST(ClamdReply, M12_OverALimitIsNotAVerdict) {
  for (auto const reply :
       {"INSTREAM size limit exceeded. ERROR"sv, "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND"sv,
        "stream: Heuristics.Limits.Exceeded FOUND"sv}) {
    auto const verdict = parse_verdict(reply);
    ASSERT_FALSE(verdict) << reply;
    EXPECT_EQ(verdict.error().code(), Code::too_large) << reply;
  }
}

TEST(ClamdReply, TheVersionNamesEngineAndSignatures) {
  auto report = ScanReport{};
  ASSERT_TRUE(parse_version("ClamAV 1.4.6/27831/Thu Nov 19 08:00:00 2026", report));
  EXPECT_EQ(report.engine, "ClamAV 1.4.6");
  EXPECT_EQ(report.signatures, "27831/Thu Nov 19 08:00:00 2026");
  ASSERT_TRUE(parse_version("ClamAV 1.4.6", report));
  EXPECT_EQ(report.signatures, "local");
  EXPECT_FALSE(parse_version("HTTP/1.1 200 OK", report));
}

}  // namespace
}  // namespace hoist::clamd
