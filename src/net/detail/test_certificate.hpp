#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hoist::net {

// A self-signed certificate for `name` in a folder of its own.
struct Certificate {
  std::filesystem::path folder;
  std::string certificate_file;
  std::string key_file;

  // An elliptic curve, or RSA for what only that could do.
  explicit Certificate(std::string const& name, bool rsa = false) {
    auto pattern = (std::filesystem::temp_directory_path() / "hoist-net-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    certificate_file = folder / "certificate.pem";
    key_file = folder / "key.pem";
    auto* const key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    auto* const x509 = X509_new();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>("hoist test"), -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    auto* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name.c_str());
    X509_add_ext(x509, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(x509, key, EVP_sha256());
    auto* file = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, x509);
    std::fclose(file);
    file = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(x509);
    EVP_PKEY_free(key);
    std::filesystem::permissions(key_file, std::filesystem::perms{0600});
  }
  ~Certificate() { std::filesystem::remove_all(folder); }
};

}  // namespace hoist::net
