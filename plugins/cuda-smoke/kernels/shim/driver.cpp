// A libcuda.so.1 for tests: the functions of the CUDA driver interface that the plugin
// uses, on the memory and the processor of the host. It says so in its device name.
//
// Macros of the build make other drivers of it: SHIM_VERSION, SHIM_INIT (what cuInit
// answers), SHIM_COUNT, SHIM_CAPABILITY (75 for 7.5), SHIM_MEMORY (bytes),
// SHIM_MODULE (what loading a module answers), SHIM_WITHOUT_LAUNCH (the symbol is
// missing), SHIM_WITHOUT_GRAPHS, SHIM_NO_KERNELS (none are linked).
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fibers.h"
#include "kernels.h"

#ifndef SHIM_VERSION
#define SHIM_VERSION 12000
#endif
#ifndef SHIM_INIT
#define SHIM_INIT 0
#endif
#ifndef SHIM_COUNT
#define SHIM_COUNT 1
#endif
#ifndef SHIM_CAPABILITY
#define SHIM_CAPABILITY 80
#endif
#ifndef SHIM_MEMORY
#define SHIM_MEMORY (64ull << 30)
#endif
#ifndef SHIM_MODULE
#define SHIM_MODULE 0
#endif

#define API extern "C" __attribute__((visibility("default"))) int

#ifdef SHIM_NO_KERNELS
const ShimKernel* shim_find(const char*) { return nullptr; }
bool shim_run(const ShimGrid&, void (*)(const void*), const void*) { return false; }
#endif

namespace {

enum {
  OK = 0,
  INVALID = 1,
  OUT_OF_MEMORY = 2,
  UNINITIALIZED = 3,
  NOT_FOUND = 500,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
};

struct Allocation {
  size_t bytes, mapped;
  char* base;
};

// A copy or a launch that a stream was given.
struct Work {
  const ShimKernel* kernel = nullptr;
  ShimGrid shape{};
  std::vector<std::vector<char>> arguments;
  uint64_t to = 0, from = 0;
  size_t bytes = 0;
};

struct Graph {
  std::vector<Work> all;
};

std::mutex lock;
bool started = false;
int module_mark, context_mark, stream_mark;
std::map<uint64_t, Allocation> device, pinned;
size_t used = 0;
// A capture is of the thread that began it.
thread_local Graph* recording = nullptr;
thread_local bool invalidated = false;

// Whether so many bytes at the address are memory that was allocated.
bool holds(const std::map<uint64_t, Allocation>& all, uint64_t at, size_t bytes) {
  std::lock_guard<std::mutex> guard(lock);
  auto next = all.upper_bound(at);
  if (next == all.begin()) return false;
  auto& [start, found] = *std::prev(next);
  return at - start <= found.bytes && bytes <= found.bytes - (at - start);
}

// Memory that ends (to within 256 bytes) where none may be touched, and holds no zeros.
int allocate(std::map<uint64_t, Allocation>& all, size_t bytes, uint64_t& at) {
  if (bytes == 0) return INVALID;
  size_t page = (size_t)sysconf(_SC_PAGESIZE), rounded = (bytes + 255) / 256 * 256;
  size_t body = (rounded + page - 1) / page * page, mapped = body + page;
  if (bytes > SHIM_MEMORY - used) return OUT_OF_MEMORY;
  void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return OUT_OF_MEMORY;
  if (mprotect((char*)base + body, page, PROT_NONE)) return OUT_OF_MEMORY;
  char* start = (char*)base + (body - rounded);
  memset(start, 0xff, rounded);
  at = (uint64_t)start;
  all[at] = {bytes, mapped, (char*)base};
  used += bytes;
  return OK;
}

// Bytes between the end and the guard must not have been written.
int release(std::map<uint64_t, Allocation>& all, uint64_t at) {
  auto found = all.find(at);
  if (found == all.end()) return INVALID;
  for (size_t i = found->second.bytes; i % 256; i++) {
    if (((unsigned char*)at)[i] != 0xff) abort();
  }
  munmap(found->second.base, found->second.mapped);
  used -= found->second.bytes;
  all.erase(found);
  return OK;
}

int perform(const Work& work) {
  if (!work.kernel) {
    memmove((void*)work.to, (const void*)work.from, work.bytes);
    return OK;
  }
  std::vector<void*> pointers;
  for (auto& argument : work.arguments) pointers.push_back((void*)argument.data());
  return shim_run(work.shape, work.kernel->run, pointers.data()) ? OK : LAUNCH_FAILED;
}

int take(Work work) {
  if (!recording) return perform(work);
  recording->all.push_back(std::move(work));
  return OK;
}

int copy(uint64_t to, uint64_t from, size_t bytes) {
  Work work;
  work.to = to, work.from = from, work.bytes = bytes;
  return take(std::move(work));
}

}  // namespace

API cuInit(unsigned) {
  started = SHIM_INIT == 0;
  return SHIM_INIT;
}
API cuDriverGetVersion(int* version) {
  *version = SHIM_VERSION;
  return OK;
}
API cuGetErrorName(int code, const char** name) {
  static const std::map<int, const char*> names = {
      {INVALID, "CUDA_ERROR_INVALID_VALUE"},   {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
      {100, "CUDA_ERROR_NO_DEVICE"},           {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
      {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},     {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
      {999, "CUDA_ERROR_UNKNOWN"},
  };
  auto found = names.find(code);
  *name = found == names.end() ? nullptr : found->second;
  return found == names.end() ? INVALID : OK;
}
API cuGetErrorString(int code, const char** text) {
  static thread_local char kept[32];
  snprintf(kept, sizeof kept, "shim says %d", code);
  *text = kept;
  return OK;
}
API cuDeviceGetCount(int* count) {
  *count = SHIM_COUNT;
  return started ? OK : UNINITIALIZED;
}
API cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return ordinal < SHIM_COUNT ? OK : INVALID;
}
API cuDeviceGetName(char* name, int length, int) {
  strncpy(name, "CPU shim of pkg, no GPU", (size_t)length);
  name[length - 1] = 0;
  return OK;
}
API cuDeviceGetUuid_v2(unsigned char* uuid, int) {
  for (int i = 0; i < 16; i++) uuid[i] = (unsigned char)i;
  return OK;
}
API cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = SHIM_MEMORY;
  return OK;
}
API cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
    case 16: *value = 2; return OK;           // multiprocessors
    case 32: *value = 0; return OK;           // ECC
    case 36: *value = 1000000; return OK;     // memory clock, kHz
    case 37: *value = 64; return OK;          // bus width, bits
    case 75: *value = SHIM_CAPABILITY / 10; return OK;
    case 76: *value = SHIM_CAPABILITY % 10; return OK;
    default: return INVALID;
  }
}
API cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &context_mark;
  return OK;
}
API cuDevicePrimaryCtxRelease_v2(int) { return OK; }
API cuCtxSetCurrent(void*) { return OK; }

API cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
  std::lock_guard<std::mutex> guard(lock);
  *total = SHIM_MEMORY;
  *free_bytes = SHIM_MEMORY - used;
  return OK;
}
API cuMemAlloc_v2(uint64_t* at, size_t bytes) {
  std::lock_guard<std::mutex> guard(lock);
  return allocate(device, bytes, *at);
}
API cuMemFree_v2(uint64_t at) {
  std::lock_guard<std::mutex> guard(lock);
  return release(device, at);
}
API cuMemHostAlloc(void** at, size_t bytes, unsigned) {
  std::lock_guard<std::mutex> guard(lock);
  uint64_t address = 0;
  int code = allocate(pinned, bytes, address);
  *at = (void*)address;
  return code;
}
API cuMemFreeHost(void* at) {
  std::lock_guard<std::mutex> guard(lock);
  return release(pinned, (uint64_t)at);
}
API cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, void*) {
  if (!holds(device, to, bytes)) return INVALID;
  // Memory that is not pinned is read at once; a graph would read it later.
  if (recording && !holds(pinned, (uint64_t)from, bytes)) invalidated = true;
  return copy(to, (uint64_t)from, bytes);
}
API cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, void*) {
  if (!holds(device, from, bytes)) return INVALID;
  if (recording && !holds(pinned, (uint64_t)to, bytes)) invalidated = true;
  return copy((uint64_t)to, from, bytes);
}
API cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void*) {
  if (!holds(device, from, bytes) || !holds(device, to, bytes)) return INVALID;
  return copy(to, from, bytes);
}

API cuModuleLoadDataEx(void** module, const void* image, unsigned count, int* options,
                       void** values) {
  *module = &module_mark;
  if (SHIM_MODULE) {
    for (unsigned i = 0; i < count; i++) {
      if (options[i] == 5) strcpy((char*)values[i], "shim: the kernels are refused");
    }
    return SHIM_MODULE;
  }
  return strstr((const char*)image, ".version") ? OK : INVALID;
}
API cuModuleUnload(void*) { return OK; }
API cuModuleGetFunction(void** function, void*, const char* name) {
  *function = (void*)shim_find(name);
  return *function ? OK : NOT_FOUND;
}

#ifndef SHIM_WITHOUT_LAUNCH
API cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned, void*, void** arguments, void**) {
  uint64_t threads = (uint64_t)bx * by * bz, blocks = (uint64_t)gx * gy * gz;
  if (!blocks || !threads || threads > 1024 || gy > 65535 || gz > 65535) return INVALID;
  Work work;
  work.kernel = (const ShimKernel*)function;
  work.shape = {{gx, gy, gz}, {bx, by, bz}};
  for (size_t i = 0; i < work.kernel->count; i++) {
    auto from = (const char*)arguments[i];
    work.arguments.emplace_back(from, from + work.kernel->sizes[i]);
  }
  return take(std::move(work));
}
#endif

API cuStreamCreate(void** stream, unsigned) {
  *stream = &stream_mark;
  return OK;
}
API cuStreamDestroy_v2(void*) { return OK; }
API cuStreamSynchronize(void*) {
  if (recording) invalidated = true;
  return recording ? CAPTURE_UNSUPPORTED : OK;
}

API cuEventCreate(void** event, unsigned) {
  *event = new int64_t(0);
  return OK;
}
API cuEventDestroy_v2(void* event) {
  delete (int64_t*)event;
  return OK;
}
API cuEventRecord(void* event, void*) {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  *(int64_t*)event = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return OK;
}
API cuEventSynchronize(void*) { return OK; }
API cuEventElapsedTime(float* ms, void* from, void* to) {
  *ms = (float)(*(int64_t*)to - *(int64_t*)from) / 1e6f;
  return OK;
}

#ifndef SHIM_WITHOUT_GRAPHS
API cuStreamBeginCapture_v2(void*, int) {
  if (recording) return INVALID;
  recording = new Graph;
  invalidated = false;
  return OK;
}
API cuStreamEndCapture(void*, void** graph) {
  *graph = nullptr;
  if (!recording) return INVALID;
  Graph* made = recording;
  recording = nullptr;
  if (invalidated) {
    delete made;
    return CAPTURE_INVALIDATED;
  }
  *graph = made;
  return OK;
}
API cuGraphInstantiateWithFlags(void** run, void* graph, unsigned long long) {
  *run = new Graph(*(Graph*)graph);
  return OK;
}
API cuGraphLaunch(void* run, void*) {
  for (auto& work : ((Graph*)run)->all) {
    if (int code = perform(work)) return code;
  }
  return OK;
}
API cuGraphDestroy(void* graph) {
  delete (Graph*)graph;
  return OK;
}
API cuGraphExecDestroy(void* run) {
  delete (Graph*)run;
  return OK;
}
#endif
