// Running a kernel on the processor.
#pragma once
#include <cstdint>

struct ShimGrid {
  unsigned grid[3], block[3];
};

// Runs the kernel for every thread of every block. False when threads wait for a barrier
// that others never reach, which on a GPU would hang.
bool shim_run(const ShimGrid& grid, void (*kernel)(const void*), const void* arguments);
