#include "model/sentences.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hoist {
namespace {

std::set<std::string> names_in(std::string_view form) {
  auto names = std::set<std::string>{};
  for (auto open = form.find('{'); open != form.npos; open = form.find('{', open + 1))
    names.insert(std::string{form.substr(open, form.find('}', open) - open)});
  return names;
}

TEST(Sentences, EachHasEveryLanguageAndTheSameNames) {
  auto codes = std::set<std::string_view>{};
  auto english = std::set<std::string_view>{};
  for (auto const& sentence : sentences()) {
    SCOPED_TRACE(sentence.code);
    EXPECT_TRUE(codes.insert(sentence.code).second) << "twice";
    EXPECT_TRUE(english.insert(sentence.in[0]).second) << "said twice";
    for (auto const language : languages) {
      auto const form = sentence.in.at(static_cast<std::size_t>(language));
      EXPECT_FALSE(form.empty());
      EXPECT_EQ(form.ends_with('.'), sentence.in[0].ends_with('.'));
      for (auto const& name : names_in(form)) EXPECT_TRUE(names_in(sentence.in[0]).contains(name)) << name;
      if (sentence.code == "too_many_requests") continue;  // {what} is of English words
      EXPECT_EQ(names_in(form), names_in(sentence.in[0]));
    }
  }
}

TEST(Sentences, WordsGoOverToTheOtherLanguage) {
  EXPECT_EQ(
      in_language(Language::spanish, "A virus was found in the file (Eicar {x}). It was put in quarantine."),
      "Se encontró un virus en el archivo (Eicar {x}). Está en cuarentena.");
  EXPECT_EQ(in_language(Language::portuguese, "The upload is PENDING, so it cannot become DELETED."),
            "O arquivo está PENDING, por isso não pode passar a DELETED.");
  EXPECT_EQ(in_language(Language::spanish, "by ana"), "por ana");
  EXPECT_EQ(
      in_language(Language::spanish,
                  "This file is 1.5 GB; the limit is 100 MB. Make it smaller or ask your administrator."),
      "Este archivo ocupa 1,5 GB; el límite es 100 MB. Redúzcalo o consulte a su administrador.");
}

TEST(Sentences, WhatIsNotInTheTableStaysAsItIs) {
  for (auto const* text : {"", "Nobody said this.", "The upload is PENDING; only", "by ", "is requiredd"})
    EXPECT_EQ(in_language(Language::spanish, text), text);
  EXPECT_EQ(in_language(Language::english, "is required"), "is required");
}

TEST(Sentences, LanguagesHaveTags) {
  for (auto const language : languages) EXPECT_EQ(parse_language(to_string(language)), language);
  EXPECT_EQ(parse_language("de"), std::nullopt);
}

}  // namespace
}  // namespace hoist
