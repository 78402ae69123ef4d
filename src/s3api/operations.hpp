// The operations, each answering one kind of request. All are given an authenticated call whose key,
// if it has one, is well formed and allowed.
#pragma once

#include "s3api/call.hpp"
#include "s3api/s3api.hpp"

namespace hoist::s3api {

struct Service {
  ObjectStore& store;
  Options const& options;
  Clock const& clock;
};

using Answer = Async<net::Response>;

Answer put_object(Service& service, Call const& call);
Answer get_object(Service& service, Call const& call);  // HEAD too
Answer delete_object(Service& service, Call const& call);
Answer delete_objects(Service& service, Call const& call);
Answer get_tagging(Service& service, Call const& call);
Answer put_tagging(Service& service, Call const& call);
Answer delete_tagging(Service& service, Call const& call);

Answer list_buckets(Service& service, Call const& call);
Answer head_bucket(Service& service, Call const& call);
Answer get_location(Service& service, Call const& call);
Answer list_objects(Service& service, Call const& call);
Answer list_objects_v2(Service& service, Call const& call);

Answer create_multipart(Service& service, Call const& call);
Answer upload_part(Service& service, Call const& call);
Answer complete_multipart(Service& service, Call const& call);
Answer abort_multipart(Service& service, Call const& call);
Answer list_parts(Service& service, Call const& call);
Answer list_multiparts(Service& service, Call const& call);

// POST of a browser's form to a bucket. It carries its own authentication, in the form.
Answer post_form(Service& service, Keyring const& keyring, net::Request const& request, ObjectRef const& ref);

// What a PUT, form or multipart creation says about the object, without conditions and checksums.
[[nodiscard]] Result<PutOptions> read_put_options(Call const& call);
// Errors: invalid for more than 10 tags or one too long.
[[nodiscard]] Result<StringMap> parse_tag_query(std::string_view text);
[[nodiscard]] Result<void> check_tags(StringMap const& tags);
[[nodiscard]] Result<void> read_conditions(Call const& call, bool& if_absent,
                                           std::optional<std::string>& if_match);
void add_checksums(net::Response& response, StringMap const& checksums);

}  // namespace hoist::s3api
