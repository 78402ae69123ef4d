// The operations, each answering one kind of request. All are given an authenticated call whose key,
// if it has one, is well formed and allowed.
#pragma once

#include "s3api/call.hpp"
#include "s3api/s3api.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {

struct Service {
  ServedObjects& store;
  Options const& options;
  Clock const& clock;

  // Which digest an ETag is for what this access key stores.
  [[nodiscard]] static EtagKind etag_kind(Call const& call) {
    return call.key->md5_etags ? EtagKind::md5 : EtagKind::sha256;
  }
};

using Answer = Async<net::Response>;

Answer put_object(Service& service, Call const& call);
Answer get_object(Service& service, Call const& call);  // HEAD too
Answer get_attributes(Service& service, Call const& call);
Answer get_object_acl(Service& service, Call const& call);
Answer copy_object(Service& service, Call const& call);  // a PUT with x-amz-copy-source
Answer copy_part(Service& service, Call const& call);    // the same of a part
Answer delete_object(Service& service, Call const& call);
Answer delete_objects(Service& service, Call const& call);
Answer get_tagging(Service& service, Call const& call);
Answer put_tagging(Service& service, Call const& call);
Answer delete_tagging(Service& service, Call const& call);

Answer list_buckets(Service& service, Call const& call);
Answer create_bucket(Service& service, Call const& call);
Answer delete_bucket(Service& service, Call const& call);
// What is asked about a bucket beyond its objects: the answers of one that has none of it.
Answer get_bucket_setting(Service& service, Call const& call);
Answer head_bucket(Service& service, Call const& call);
Answer get_location(Service& service, Call const& call);
Answer list_objects(Service& service, Call const& call);
Answer list_objects_v2(Service& service, Call const& call);
Answer list_versions(Service& service, Call const& call);

Answer create_multipart(Service& service, Call const& call);
Answer upload_part(Service& service, Call const& call);
Answer complete_multipart(Service& service, Call const& call);
Answer abort_multipart(Service& service, Call const& call);
Answer list_parts(Service& service, Call const& call);
Answer list_multiparts(Service& service, Call const& call);

// POST of a browser's form to a bucket. It carries its own authentication, in the form.
Answer post_form(Service& service, AccessKeys const& keys, net::Request const& request, ObjectRef const& ref);

// What a PUT, form or multipart creation says about the object, without conditions and checksums.
[[nodiscard]] Result<PutOptions> read_put_options(Call const& call);
// Errors: invalid for more than 10 tags or one too long.
[[nodiscard]] Result<StringMap> parse_tag_query(std::string_view text);
[[nodiscard]] Result<void> check_tags(StringMap const& tags);
// The one checksum as answers carry it: its header and whether it is of the whole or of parts.
void add_checksums(net::Response& response, StringMap const& checksums);
// Where a client finds the object from now on.
[[nodiscard]] std::string location_of(Service const& service, net::Request const& request,
                                      ObjectRef const& ref);
[[nodiscard]] std::string_view checksum_type(std::string_view value);    // FULL_OBJECT or COMPOSITE
[[nodiscard]] std::string checksum_element(std::string_view algorithm);  // "ChecksumCRC32C"
// <Owner><ID>, or under another name: the user who asks owns everything.
XmlWriter& write_owner(XmlWriter& xml, std::string_view element, Call const& call);
// A <Tagging> document. Errors: MalformedXML, InvalidTag.
[[nodiscard]] Result<StringMap> parse_tagging(std::string_view xml);

}  // namespace hoist::s3api
