#include "adapters/memory/objects.hpp"

#include <gtest/gtest.h>

#include "contract/object_store_contract.hpp"

namespace hoist::contract {
namespace {

class MemoryStore final : public ObjectStoreSubject {
 public:
  ObjectStore& store() override { return objects_; }

 private:
  SystemClock clock_;
  memory::Objects objects_{{"bucket"}, clock_, part_bytes_min};
};

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreContract,
                         ::testing::Values([] { return std::make_unique<MemoryStore>(); }));

TEST(MemoryObjects, PlannedFailuresComeAsOftenAsPlanned) {
  auto clock = ManualClock{};
  auto objects = memory::Objects{{"bucket"}, clock};
  objects.fail_next(Code::unavailable, 2);
  auto const head = [&] {
    return run_to_end<ObjectInfo>([&] { return objects.head({"bucket", "k"}, deadline_in(Micros{1})); });
  };
  EXPECT_EQ(head().error().code(), Code::unavailable);
  EXPECT_EQ(head().error().code(), Code::unavailable);
  EXPECT_EQ(head().error().code(), Code::not_found);
}

}  // namespace
}  // namespace hoist::contract
