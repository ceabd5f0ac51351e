"""Which system calls the process that reads a file may make: a seccomp filter, as the BPF program of seccomp(2).

It lists what is refused, not what is allowed. FFmpeg's, NumPy's and Python's threads and allocators call what the
C library of the day calls, and a list of what they need today would break reading with the next C library; files,
which such a list cannot tell apart anyway, are Landlock's (vs2.video.worker.sandbox). What the list cannot know, calls
newer than itself, is answered with "no such call" (ENOSYS), for which every C library has another way.

Numbers: the kernel's asm/unistd_64.h (x86-64) and asm-generic/unistd.h (aarch64).
"""
import errno
import os
import struct

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "arm64": 0xC00000B7}  # AUDIT_ARCH_* of linux/audit.h
NEWEST = 456  # futex_requeue, Linux 6.7; the x32 calls of x86-64 have numbers above it too

# Name: (number on x86-64, on aarch64). Refused whatever the arguments.
DENIED = {
    # The network, and other processes by sockets.
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    # Other programs, new processes and namespaces (clone: see ARGUED).
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None), "setns": (308, 268),
    "unshare": (272, 97),
    # Other processes of the same user: looking in, signals, priorities.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "kill": (62, 129), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "setpgid": (109, 154), "setsid": (112, 157), "setpriority": (141, 140),
    "ioprio_set": (251, 30), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "sched_setaffinity": (203, 122),
    # Files: all that changes one other than by writing to it. Landlock lets half of these through.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None),
    "utimes": (235, None), "utimensat": (280, 88), "futimesat": (261, None), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16), "truncate": (76, 45), "creat": (85, None), "link": (86, None),
    "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "unlink": (87, None), "unlinkat": (263, 35),
    "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None), "mknod": (133, None), "mknodat": (259, 33),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "flock": (73, 32),
    "fanotify_init": (300, 262), "inotify_init": (253, None), "inotify_init1": (294, 26),
    # The tree of file systems.
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "swapon": (167, 224),
    "swapoff": (168, 225), "quotactl": (179, 60), "quotactl_fd": (443, 443), "acct": (163, 89),
    # Memory beside the address space, which has a limit.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189), "msgctl": (71, 187), "semget": (64, 190),
    "semctl": (66, 191), "mq_open": (240, 180), "mq_unlink": (241, 181), "userfaultfd": (323, 282),
    # The kernel itself, its keys and clocks, and parts of it that had many holes.
    "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_setup": (206, 0), "io_submit": (209, 2),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "syslog": (103, 116), "vhangup": (153, 58),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "personality": (135, 92), "lookup_dcookie": (212, 18),
    # Another user, other capabilities.
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159), "setfsuid": (122, 151),
    "setfsgid": (123, 152), "capset": (126, 91),
}

# Refused by their arguments, see `program`.
ARGUED = {
    "clone": (56, 220), "clone3": (435, 435), "openat2": (437, 437), "open": (2, None), "openat": (257, 56),
    "tgkill": (234, 131), "prlimit64": (302, 261), "prctl": (157, 167), "fcntl": (72, 25), "ioctl": (16, 29),
}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF, linux/bpf_common.h
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000                  # seccomp's verdicts, linux/seccomp.h
_REFUSED, _UNKNOWN = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
CLONE_THREAD = 0x10000
PR_SET_PDEATHSIG = 1
FCNTL_OWNERS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals to others by way of a descriptor
IOCTLS = (0x5412, 0x541C, 0x8901, 0x8902)  # TIOCSTI, TIOCLINUX: typing for others; FIOSETOWN, SIOCSPGRP: as above


def program(machine: str, pid: int, writes: bool) -> bytes:
    """The filter for process `pid`, as an array of struct sock_filter; empty for a machine it does not know.

    writes: whether files may be opened for writing at all.
    """
    if machine not in MACHINES:
        return b""
    column = 0 if machine == "x86_64" else 1
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, MACHINES[machine]), (_RETURN, 0, 0, _KILL),
             (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, NEWEST + 1), (_RETURN, 0, 0, _UNKNOWN)]
    for numbers in DENIED.values():
        if (denied := numbers[column]) is not None:
            steps += [(_EQUAL, 0, 1, denied), (_RETURN, 0, 0, _REFUSED)]

    def judged(name: str, argument: int, tests: list, otherwise: int) -> None:
        """By the lower half of one argument, all that the kernel looks at in these: the first test that is true."""
        number = ARGUED[name][column]
        if number is None:
            return
        body = [(_LOAD, 0, 0, 16 + 8 * argument)]
        for operation, value, verdict in tests:
            body += [(operation, 0, 1, value), (_RETURN, 0, 0, verdict)]
        body.append((_RETURN, 0, 0, otherwise))
        steps.extend([(_EQUAL, 0, len(body), number), *body])

    for name in ("clone3", "openat2"):  # arguments in memory, where no filter can look: callers take the older call
        judged(name, 0, [], _UNKNOWN)
    judged("clone", 0, [(_ANY_BIT, CLONE_THREAD, _ALLOW)], _REFUSED)
    judged("tgkill", 0, [(_EQUAL, pid, _ALLOW)], _REFUSED)
    judged("prlimit64", 0, [(_EQUAL, 0, _ALLOW), (_EQUAL, pid, _ALLOW)], _REFUSED)
    judged("prctl", 0, [(_EQUAL, PR_SET_PDEATHSIG, _REFUSED)], _ALLOW)
    judged("fcntl", 1, [(_EQUAL, value, _REFUSED) for value in FCNTL_OWNERS], _ALLOW)
    judged("ioctl", 1, [(_EQUAL, value, _REFUSED) for value in IOCTLS], _ALLOW)
    if not writes:
        changing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
        judged("open", 1, [(_ANY_BIT, changing, _REFUSED)], _ALLOW)
        judged("openat", 2, [(_ANY_BIT, changing, _REFUSED)], _ALLOW)
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)
