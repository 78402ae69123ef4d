// What clients ask about a bucket beyond its objects. A bucket here has none of it: it is private, of
// one owner and without versions, and says so as the protocol does. Setting any of it is refused by
// the table of operations.
#include <algorithm>
#include <array>

#include "base/try.hpp"
#include "s3api/operations.hpp"

namespace hoist::s3api {
namespace {

struct Setting {
  std::string_view name;     // of the parameter
  std::string_view element;  // of the answer; empty: there is none, which `code` says
  std::string_view content = {};
  std::string_view code = {};
  std::string_view message = {};
};

constexpr auto settings = std::to_array<Setting>({
    {"versioning", "VersioningConfiguration"},
    {"accelerate", "AccelerateConfiguration"},
    {"logging", "BucketLoggingStatus"},
    {"notification", "NotificationConfiguration"},
    {"requestPayment", "RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>"},
    {"policyStatus", "PolicyStatus", "<IsPublic>false</IsPublic>"},
    {"publicAccessBlock", "PublicAccessBlockConfiguration",
     "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"
     "<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>"},
    {"ownershipControls", "OwnershipControls",
     "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"},
    {"cors", {}, {}, "NoSuchCORSConfiguration", "The CORS configuration does not exist"},
    {"encryption",
     {},
     {},
     "ServerSideEncryptionConfigurationNotFoundError",
     "The server side encryption configuration was not found"},
    {"lifecycle", {}, {}, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"},
    {"object-lock",
     {},
     {},
     "ObjectLockConfigurationNotFoundError",
     "Object Lock configuration does not exist for this bucket"},
    {"policy", {}, {}, "NoSuchBucketPolicy", "The bucket policy does not exist"},
    {"replication",
     {},
     {},
     "ReplicationConfigurationNotFoundError",
     "The replication configuration was not found"},
    {"tagging", {}, {}, "NoSuchTagSet", "The TagSet does not exist"},
    {"website",
     {},
     {},
     "NoSuchWebsiteConfiguration",
     "The specified bucket does not have a website configuration"},
});

// The one owner may do everything, and no other user anything.
net::Response acl_of(Call const& call) {
  auto xml = XmlWriter{"AccessControlPolicy"};
  write_owner(xml, "Owner", call).open("AccessControlList").open("Grant");
  xml.raw("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">");
  xml.text("ID", call.key->id).close("Grantee").text("Permission", "FULL_CONTROL");
  xml.close("Grant").close("AccessControlList");
  return xml_response(200, std::move(xml).finish());
}

}  // namespace

Answer get_bucket_setting(Service& service, Call const& call) {
  CO_CHECK(co_await head_bucket(service, call));
  if (call.has_query("acl")) co_return acl_of(call);
  auto const setting =
      std::ranges::find_if(settings, [&](auto const& row) { return call.has_query(row.name); });
  if (setting == settings.end()) co_return not_implemented("The setting is not known here.");
  if (setting->element.empty())
    co_return fail(Error{Code::not_found, std::string{setting->message}}.with_slug(setting->code));
  auto xml = XmlWriter{setting->element};
  co_return xml_response(200, std::move(xml.raw(setting->content)).finish());
}

Answer get_object_acl(Service& service, Call const& call) {
  CO_CHECK(co_await service.store.head(call.ref, call.deadline()));
  co_return acl_of(call);
}

}  // namespace hoist::s3api
