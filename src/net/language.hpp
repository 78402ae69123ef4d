// In which language a request is answered.
// Source   RFC 9110 section 12.5.4 (Accept-Language), RFC 4647 (a tag's first part is its language).
#pragma once

#include "model/sentences.hpp"
#include "net/message.hpp"

namespace hoist::net {

// The best that the header takes, by its weights and then by its order; `fallback` when it takes none.
[[nodiscard]] Language choose_language(std::string_view accept_language, Language fallback);

// JSON of ours with its sentences in `language`: members named title, detail, message and reason. What is
// under `metadata` is the caller's and stays as it is.
[[nodiscard]] std::string with_language(std::string json, Language language);
// The answer in the request's language, and what tells caches so.
void speak(Response& response, Language language);

// `language` where every sentence of the problem is known in it, English otherwise: an answer says which
// language it is in, so it is in one.
[[nodiscard]] Language language_for(Language language, Error const& error);
// The error with its sentences in `language`.
[[nodiscard]] Error in_language(Language language, Error const& error);

}  // namespace hoist::net
