// The program of a Lambda function: `hoist lambda` without the rest, so that its zip holds none of the
// libraries that only a server needs.
#include "bin/lambda.hpp"

int main() {
  return hoist::bin::run_lambda();
}
