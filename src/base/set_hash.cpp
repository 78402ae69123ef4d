#include "base/set_hash.hpp"

#include <openssl/evp.h>

#include <memory>
#include <span>

#include "base/assert.hpp"
#include "base/encode.hpp"

namespace hoist {
namespace {

using Lanes = std::array<std::uint16_t, 1024>;

constexpr auto lane_bytes = std::size_t{2};

std::uint16_t lane_at(std::span<unsigned char const> bytes, std::size_t lane) {
  return static_cast<std::uint16_t>(bytes[lane * lane_bytes] | bytes[lane * lane_bytes + 1] << 8U);
}

Lanes lanes_of(std::string_view member) {
  auto const context = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  auto bytes = std::array<unsigned char, std::tuple_size_v<Lanes> * lane_bytes>{};
  auto const done = context && EVP_DigestInit_ex(context.get(), EVP_shake256(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), member.data(), member.size()) == 1 &&
                    EVP_DigestFinalXOF(context.get(), bytes.data(), bytes.size()) == 1;
  HOIST_ASSERT(done);
  auto lanes = Lanes{};
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = lane_at(bytes, i);
  return lanes;
}

}  // namespace

void SetHash::add(std::string_view member) {
  auto const lanes = lanes_of(member);
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes_[i] = static_cast<std::uint16_t>(lanes_[i] + lanes[i]);
}

void SetHash::remove(std::string_view member) {
  auto const lanes = lanes_of(member);
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes_[i] = static_cast<std::uint16_t>(lanes_[i] - lanes[i]);
}

std::string SetHash::to_text() const {
  auto bytes = std::string{};
  bytes.reserve(lanes_.size() * lane_bytes);
  for (auto const lane : lanes_) {
    bytes += static_cast<char>(lane & 0xFFU);
    bytes += static_cast<char>(lane >> 8U);
  }
  return base64url(bytes);
}

Result<SetHash> SetHash::parse(std::string_view text) {
  auto const bytes = unbase64url(text);
  auto hash = SetHash{};
  if (!bytes || bytes->size() != hash.lanes_.size() * lane_bytes)
    return fail(Code::invalid, "The digest of a set has another length.");
  auto const raw = std::span{reinterpret_cast<unsigned char const*>(bytes->data()), bytes->size()};
  for (std::size_t i = 0; i < hash.lanes_.size(); ++i) hash.lanes_[i] = lane_at(raw, i);
  return hash;
}

}  // namespace hoist
