/*
 * Preloaded (LD_PRELOAD) into a process, makes the disk under some of its files fail, or forget what was not synced.
 *
 * FAULTY_DISK_FILES: what the paths of those files begin with; a -shm or .lock file is never one.
 * FAULTY_DISK_CONTROL: a file of 16 int32, shared with whoever steers:
 *   [0] fault   0 none, 1 EIO, 2 ENOSPC, 3 EROFS on writes, 4 EIO on syncs, 5 half written then ENOSPC, 6 half written then EIO, 7 EIO on reads
 *   [1] crash   n > 0: at the nth write or sync from now the power fails (SIGKILL), and blocks that were not synced are lost
 *   [2] loss    how many of 100 such blocks are lost
 *   [3] count   faults that were made (written here)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096

enum { FAULT, CRASH, LOSS, COUNT };

/* A block as it was when its file was last synced; length 0 where the file ended before it. */
struct block {
  ino_t inode;
  off_t offset;
  ssize_t length;
  char content[BLOCK];
  struct block *next;
};

struct size {
  ino_t inode;
  off_t size;
  char path[512];
  struct size *next;
};

static volatile int32_t *control;
static const char *prefix;
static struct block *dirty;
static struct size *sizes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void begin(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_pread = dlsym(RTLD_NEXT, "pread64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  prefix = getenv("FAULTY_DISK_FILES");
  const char *path = getenv("FAULTY_DISK_CONTROL");
  int file = path == NULL ? -1 : open(path, O_RDWR);
  if (file < 0) return;
  void *map = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map != MAP_FAILED) control = map;
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), other = strlen(end);
  return length >= other && strcmp(text + length - other, end) == 0;
}

static int is_ours(int fd, char *path, size_t size) {
  char link[64];
  if (control == NULL || prefix == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strncmp(path, prefix, strlen(prefix)) == 0 && !ends_with(path, "-shm") && !ends_with(path, ".lock");
}

static void note_size(ino_t inode, off_t size, const char *path) {
  for (struct size *it = sizes; it != NULL; it = it->next)
    if (it->inode == inode) return;
  struct size *fresh = calloc(1, sizeof *fresh);
  fresh->inode = inode;
  fresh->size = size;
  snprintf(fresh->path, sizeof fresh->path, "%s", path);
  fresh->next = sizes;
  sizes = fresh;
}

/* Keeps what is in the blocks of [offset, offset + length) unless they are dirty already. */
static void note_blocks(int fd, const char *path, off_t offset, off_t length) {
  struct stat status;
  if (fstat(fd, &status) != 0) return;
  note_size(status.st_ino, status.st_size, path);
  for (off_t at = offset - offset % BLOCK; at < offset + length; at += BLOCK) {
    struct block *it = dirty;
    while (it != NULL && !(it->inode == status.st_ino && it->offset == at)) it = it->next;
    if (it != NULL) continue;
    struct block *fresh = calloc(1, sizeof *fresh);
    fresh->inode = status.st_ino;
    fresh->offset = at;
    fresh->length = at < status.st_size ? real_pread(fd, fresh->content, BLOCK, at) : 0;
    fresh->next = dirty;
    dirty = fresh;
  }
}

static void forget(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return;
  for (struct block **it = &dirty; *it != NULL;) {
    struct block *block = *it;
    if (block->inode != status.st_ino) {
      it = &block->next;
      continue;
    }
    *it = block->next;
    free(block);
  }
  for (struct size **it = &sizes; *it != NULL;) {
    struct size *size = *it;
    if (size->inode != status.st_ino) {
      it = &size->next;
      continue;
    }
    *it = size->next;
    free(size);
  }
}

static void power_fails(void) {
  for (struct size *size = sizes; size != NULL; size = size->next) {
    int fd = open(size->path, O_RDWR);
    if (fd < 0) continue;
    int all = control[LOSS] >= 100;
    for (struct block *block = dirty; block != NULL; block = block->next) {
      if (block->inode != size->inode || rand() % 100 >= control[LOSS]) continue;
      char empty[BLOCK] = {0};
      /* What the file had grown by may be there as zeros. */
      if (block->length < BLOCK && !all) real_pwrite(fd, empty, BLOCK, block->offset);
      if (block->length > 0) real_pwrite(fd, block->content, block->length, block->offset);
    }
    if (all) real_ftruncate(fd, size->size);
    close(fd);
  }
  raise(SIGKILL);
}

static void step(void) {
  if (control[CRASH] > 0 && --control[CRASH] == 0) power_fails();
}

static int fails(int error) {
  control[COUNT]++;
  errno = error;
  return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  char path[512];
  if (!is_ours(fd, path, sizeof path)) return real_pwrite(fd, bytes, length, offset);
  pthread_mutex_lock(&lock);
  step();
  int fault = control[FAULT];
  ssize_t result;
  if (fault == 1) result = fails(EIO);
  else if (fault == 2) result = fails(ENOSPC);
  else if (fault == 3) result = fails(EROFS);
  else {
    note_blocks(fd, path, offset, (off_t)length);
    size_t part = fault == 5 || fault == 6 ? length / 2 : length;
    result = part == 0 ? 0 : real_pwrite(fd, bytes, part, offset);
    if (fault == 5) result = fails(ENOSPC);
    if (fault == 6) result = fails(EIO);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

ssize_t pread64(int fd, void *bytes, size_t length, off_t offset) {
  char path[512];
  if (control != NULL && control[FAULT] == 7 && is_ours(fd, path, sizeof path)) return fails(EIO);
  return real_pread(fd, bytes, length, offset);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return pread64(fd, bytes, length, offset); }

static int sync_with(int (*real)(int), int fd) {
  char path[512];
  if (!is_ours(fd, path, sizeof path)) return real(fd);
  pthread_mutex_lock(&lock);
  step();
  int result;
  if (control[FAULT] == 4) result = fails(EIO);
  else {
    /* Nothing here survives by being on a real disk: it is enough to keep the promise in the model. */
    forget(fd);
    result = 0;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

int ftruncate64(int fd, off_t length) {
  char path[512];
  if (!is_ours(fd, path, sizeof path)) return real_ftruncate(fd, length);
  pthread_mutex_lock(&lock);
  step();
  int fault = control[FAULT];
  int result;
  if (fault == 1 || fault == 3) result = fails(fault == 1 ? EIO : EROFS);
  else {
    struct stat status;
    if (fstat(fd, &status) == 0) note_blocks(fd, path, length, status.st_size > length ? status.st_size - length : 0);
    result = real_ftruncate(fd, length);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
