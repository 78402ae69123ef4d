# Compiler and linker settings that hold for every target.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

# "Dev" compiles fast and still optimises a little: crash loops and history checks run real load.
# Whoever builds often sets -DCMAKE_CXX_FLAGS_DEV="-O0 -g0", which takes 40 % less time.
foreach(language C CXX)
  if(NOT CMAKE_${language}_FLAGS_DEV)
    set(CMAKE_${language}_FLAGS_DEV "-O1 -g1")
  endif()
endforeach()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                    -Wno-missing-field-initializers
                    -Wthread-safety -Werror=thread-safety)
if(HOIST_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS BOOST_ASIO_SEPARATE_COMPILATION
                        BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                        SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB)

add_compile_options(-fstack-protector-strong -fstack-clash-protection)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
add_link_options(-fuse-ld=lld -Wl,-z,relro,-z,now)

if(HOIST_SANITIZE)
  add_compile_options(-fsanitize=${HOIST_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HOIST_SANITIZE})
endif()
if(HOIST_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(HOIST_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
add_compile_definitions(HOIST_VERSION="${PROJECT_VERSION}")
