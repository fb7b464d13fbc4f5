// Kernels by name.
#pragma once
#include <cstddef>

struct ShimKernel {
  const char* name;
  // Runs it for one thread; the arguments are an array of pointers to each.
  void (*run)(const void*);
  size_t count;
  // Bytes of each argument.
  const size_t* sizes;
};

const ShimKernel* shim_find(const char* name);
