// Credentials that a service hands out for a while: STS for a web identity's token, the agent of ECS and EKS,
// and the metadata of an EC2 instance.
//
// Limits   answers of up to 64 KB; a token file of up to 64 KB; a second to connect to the instance's
// metadata. Source   AssumeRoleWithWebIdentity (STS API 2011-06-15); "Container credential provider" and
// "IMDS credential
//          provider" of the AWS SDKs and Tools Reference Guide, the latter in version 2 only: version 1
//          answers any caller that can make this process fetch an address.
#pragma once

#include "aws/client/credential_sources.hpp"

namespace hoist::aws {

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME.
[[nodiscard]] std::unique_ptr<CredentialSource> make_web_identity(Environment const& environment,
                                                                  std::string region);
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN or _TOKEN_FILE.
[[nodiscard]] std::unique_ptr<CredentialSource> make_container_credentials(Environment const& environment);
// AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_DISABLED.
[[nodiscard]] std::unique_ptr<CredentialSource> make_instance_credentials(Environment const& environment);

}  // namespace hoist::aws
