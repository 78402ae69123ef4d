#include "tenants/published_keys.hpp"

#include <fmt/format.h>

#include <fstream>

#include "base/log.hpp"
#include "base/try.hpp"
#include "net/client.hpp"
#include "tenants/jws.hpp"

namespace hoist::tenants {
namespace {

std::unexpected<Error> unreadable(std::string cause) {
  return fail(Error{Code::unavailable, "The keys of the sign-in service cannot be read now."}
                  .with_cause(std::move(cause))
                  .with_retry_after(PublishedKeys::look_again_after.count()));
}

Result<std::string> read_file(std::string const& path) {
  auto file = std::ifstream{path, std::ios::binary};
  auto text = std::string(key_set_bytes_max + 1, '\0');  // one more tells a longer file
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())
    return unreadable(path + " cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

// Of all callers one looks at the source, and the others wait until it has.
class PublishedKeys::Turn {
 public:
  explicit Turn(PublishedKeys& keys) : keys_{keys} {}
  Turn(Turn const&) = delete;
  ~Turn() {
    {
      auto const lock = Lock{keys_.mutex_};
      keys_.looking_ = false;
    }
    keys_.looked_.notify();
  }

 private:
  PublishedKeys& keys_;
};

std::shared_ptr<PublishedKeys::Kept const> PublishedKeys::kept() const {
  auto const lock = Lock{mutex_};
  return kept_;
}

std::uint64_t PublishedKeys::version() const {
  auto const lock = Lock{mutex_};
  return version_;
}

Async<PublicKey> PublishedKeys::find(std::string name, Deadline deadline) {
  auto const now = clock_.now();
  auto have = kept();
  // Twice: a look that is a little late is no reason to wait for one.
  auto const fresh = have && now < have->read_at + 2 * refresh_;
  if (!fresh || !have->keys.contains(name)) {
    if (auto const looked = co_await look_in_turn(deadline); !looked)
      log::warn("the keys of the sign-in service cannot be read", {{"cause", looked.error().to_string()}});
    have = kept();
  }
  if (!have || have->read_at + stale_max <= now) co_return unreadable(source_);
  auto const found = have->keys.find(name);
  if (found == have->keys.end()) co_return token_refused("unknown key of the issuer");
  co_return found->second;
}

Async<> PublishedKeys::look_in_turn(Deadline deadline) {
  auto ticket = std::optional<std::uint64_t>{};
  {
    auto const lock = Lock{mutex_};
    if (looking_)
      ticket = looked_.ticket();
    else if (tried_at_ && clock_.now() < *tried_at_ + look_again_after)
      co_return Result<void>{};
    else
      looking_ = true;
  }
  if (ticket) {
    CO_CHECK(co_await looked_.wait(*ticket, deadline));
    co_return Result<void>{};
  }
  auto const turn = Turn{*this};
  co_return co_await look(deadline);
}

Async<> PublishedKeys::look(Deadline deadline) {
  {
    auto const lock = Lock{mutex_};
    tried_at_ = clock_.now();
  }
  CO_TRY(auto text, co_await fetch(deadline));
  CO_TRY(auto keys, read_key_set(text));
  auto const now = clock_.now();
  auto const lock = Lock{mutex_};
  if (!kept_ || kept_->text != text) ++version_;
  kept_ = std::make_shared<Kept const>(std::move(text), std::move(keys), now);
  co_return Result<void>{};
}

Async<std::string> PublishedKeys::fetch(Deadline deadline) const {
  if (is_file()) co_return read_file(source_);
  // One of its own: looks are rare, and a pool of connections belongs to one thread.
  auto client = net::Client{};
  auto request = net::ClientRequest{};
  request.url = source_;
  request.headers.set("Accept", "application/jwk-set+json, application/json");
  request.repeatable = true;
  request.response_bytes_max = key_set_bytes_max;
  CO_TRY(auto response, co_await client.send(std::move(request), deadline));
  if (response.status != 200) co_return unreadable(fmt::format("{} answered {}", source_, response.status));
  co_return std::move(response.body);
}

}  // namespace hoist::tenants
