// The program: flags, configuration, and the flow from polls to pages.
#include <cstdio>

int main() {
  std::puts("under construction");
  return 1;
}
