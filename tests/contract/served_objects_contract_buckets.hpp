// What they promise of buckets. Part of served_objects_contract.hpp, which includes it.
#pragma once

#include "contract/served_objects_contract.hpp"

namespace hoist::contract {

TEST_P(ServedObjectsContract, BucketsAreMadeAndRemovedWhenNothingIsInThem) {
  auto const make = [&] { return run_to_end<bool>([&] { return store().create_bucket("other", soon()); }); };
  auto const drop = [&](std::string name) {
    return run_to_end<void>([&] { return store().remove_bucket(name, soon()); });
  };
  auto const ref = ObjectRef{"other", "k"};
  auto const open = [&] {
    return run_to_end<std::string>([&] { return store().create_multipart(ref, {}, soon()); });
  };
  EXPECT_EQ(code_of(open()), Code::not_found);
  EXPECT_EQ(code_of(drop("other")), Code::not_found);
  EXPECT_EQ(make(), true);
  EXPECT_EQ(make(), false);
  auto const all = run_to_end<std::vector<BucketInfo>>([&] { return store().list_buckets(soon()); });
  ASSERT_TRUE(all);
  auto const made = std::ranges::find(*all, "other", &BucketInfo::name);
  ASSERT_NE(made, all->end());
  EXPECT_GT(made->created_at, Time{});
  auto const upload = open();
  ASSERT_TRUE(upload);
  EXPECT_EQ(code_of(drop("other")), Code::conflict);
  ASSERT_TRUE(run_to_end<void>([&] { return store().abort_multipart(ref, *upload, soon()); }));
  ASSERT_TRUE(put("k", "bytes"));
  ASSERT_TRUE(run_to_end<ObjectInfo>([&] { return store().copy(at("k"), ref, {}, soon()); }));
  EXPECT_EQ(code_of(drop("other")), Code::conflict);
  ASSERT_TRUE(run_to_end<void>([&] { return store().remove(ref, soon()); }));
  EXPECT_TRUE(drop("other"));
  EXPECT_EQ(code_of(run_to_end<ObjectInfo>([&] { return store().head(ref, soon()); })), Code::not_found);
  EXPECT_EQ(code_of(drop("bucket")), Code::forbidden);
}

// Checked at the commit: what was begun before the bucket went has nowhere to be.
TEST_P(ServedObjectsContract, NothingIsCommittedToABucketThatIsGone) {
  auto const outcome = run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
    CO_CHECK(co_await store().create_bucket("other", soon()));
    auto ref = ObjectRef{"other", "k"};
    CO_TRY(auto writer, co_await store().create(ref, std::nullopt, soon()));
    CO_CHECK(co_await store().remove_bucket("other", soon()));
    CO_CHECK(co_await writer->write("bytes"));
    co_return co_await writer->commit({});
  });
  EXPECT_EQ(code_of(outcome), Code::not_found);
}

}  // namespace hoist::contract
