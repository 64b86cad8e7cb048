"""Keys of units that are not carried over, and why."""

from __future__ import annotations

from typing import Final

from protocols.daemon.importers.systemd.service_keys import RLIMIT_KEYS

_SANDBOX: Final = "programs have no sandbox of their own; polyport.service can have it, for all of them"
_RESOURCES: Final = "programs have no cgroup of their own; polyport.service can have it, for all of them"
_COMMANDS: Final = "only ExecStart is run; let a script run the others"
_RESTART: Final = "a program that has ended is started by the next connection or datagram"
_LOG: Final = "standard error goes to the log of the daemon, with the name of the service"
_SCHEDULING: Final = "only nice is set; let chrt(1), ionice(1), numactl(8) or taskset(1) start the program"
_FOLDERS: Final = "folders are not made; polyport.service can have it"
_CREDENTIALS: Final = "programs get no credentials; polyport.service can have them, and environment name them"

SERVICE_MET: Final = (
    *("ExecStart", "User", "Group", "Environment", "EnvironmentFile", "PassEnvironment", "UnsetEnvironment"),
    *("WorkingDirectory", "Nice", "UMask", "NoNewPrivileges", "StandardInput", "StandardOutput"),
    *(
        "StandardError",
        "RuntimeMaxSec",
        "TimeoutStopSec",
        "IPAddressAllow",
        "IPAddressDeny",
        "Type",
        "Sockets",
    ),
    *RLIMIT_KEYS,
    # Nobody waits for programs to have started, and what they are is known.
    *("TimeoutStartSec", "GuessMainPID", "RemainAfterExit", "IgnoreSIGPIPE", "SendSIGKILL", "TimeoutSec"),
    *("SuccessExitStatus", "ExecReload", "NotifyAccess", "IPAccounting", "CPUAccounting", "MemoryAccounting"),
    *("TasksAccounting", "IOAccounting", "ReloadSignal", "TimeoutStartFailureMode"),
)
"""Keys of ``[Service]`` that are carried over, or that say what Polyport does anyway."""

SERVICE_MISSED: Final = {
    **dict.fromkeys(
        (
            *("AppArmorProfile", "BindPaths", "BindReadOnlyPaths", "CapabilityBoundingSet", "ExecPaths"),
            *(
                "ExtensionDirectories",
                "ExtensionImages",
                "InaccessiblePaths",
                "IPCNamespacePath",
                "KeyringMode",
            ),
            *("LockPersonality", "MemoryDenyWriteExecute", "MountAPIVFS", "MountFlags", "MountImages"),
            *(
                "NetworkNamespacePath",
                "NoExecPaths",
                "Personality",
                "PrivateDevices",
                "PrivateIPC",
                "PrivateMounts",
            ),
            *("PrivateNetwork", "PrivateTmp", "PrivateUsers", "PrivatePIDs", "ProcSubset", "ProtectClock"),
            *("ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs"),
            *(
                "ProtectKernelModules",
                "ProtectKernelTunables",
                "ProtectProc",
                "ProtectSystem",
                "ReadOnlyPaths",
            ),
            *("ReadWritePaths", "RemoveIPC", "RestrictAddressFamilies", "RestrictFileSystems"),
            *("RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "SecureBits", "SELinuxContext"),
            *("SmackProcessLabel", "SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter"),
            *("SystemCallLog", "TemporaryFileSystem", "CoredumpFilter"),
        ),
        _SANDBOX,
    ),
    **dict.fromkeys(
        (
            *(
                "AllowedCPUs",
                "AllowedMemoryNodes",
                "BPFProgram",
                "CPUQuota",
                "CPUQuotaPeriodSec",
                "CPUWeight",
            ),
            *("Delegate", "DeviceAllow", "DevicePolicy", "DisableControllers", "IODeviceLatencyTargetSec"),
            *("IODeviceWeight", "IOReadBandwidthMax", "IOReadIOPSMax", "IOWeight", "IOWriteBandwidthMax"),
            *("IOWriteIOPSMax", "IPEgressFilterPath", "IPIngressFilterPath", "ManagedOOMMemoryPressure"),
            *(
                "ManagedOOMMemoryPressureLimit",
                "ManagedOOMPreference",
                "ManagedOOMSwap",
                "MemoryHigh",
                "MemoryLow",
            ),
            *(
                "MemoryMax",
                "MemoryMin",
                "MemorySwapMax",
                "RestrictNetworkInterfaces",
                "Slice",
                "SocketBindAllow",
            ),
            *("SocketBindDeny", "StartupAllowedCPUs", "StartupAllowedMemoryNodes", "StartupCPUWeight"),
            *("StartupIOWeight", "TasksMax", "OOMPolicy", "OOMScoreAdjust", "MemoryLimit", "CPUShares"),
            *("BlockIOWeight", "BlockIOAccounting"),
        ),
        _RESOURCES,
    ),
    **dict.fromkeys(
        ("ExecStartPre", "ExecStartPost", "ExecStop", "ExecStopPost", "ExecCondition"), _COMMANDS
    ),
    **dict.fromkeys(
        ("Restart", "RestartSec", "RestartSteps", "RestartMaxDelaySec", "RestartMode"),
        _RESTART,
    ),
    **dict.fromkeys(
        ("RestartForceExitStatus", "RestartPreventExitStatus", "StartLimitInterval", "StartLimitBurst"),
        _RESTART,
    ),
    **dict.fromkeys(
        (
            *("SyslogFacility", "SyslogIdentifier", "SyslogLevel", "SyslogLevelPrefix", "LogExtraFields"),
            *(
                "LogLevelMax",
                "LogNamespace",
                "LogRateLimitBurst",
                "LogRateLimitIntervalSec",
                "LogFilterPatterns",
            ),
        ),
        _LOG,
    ),
    **dict.fromkeys(
        (
            *("CPUAffinity", "CPUSchedulingPolicy", "CPUSchedulingPriority", "CPUSchedulingResetOnFork"),
            *("IOSchedulingClass", "IOSchedulingPriority", "NUMAMask", "NUMAPolicy", "TimerSlackNSec"),
        ),
        _SCHEDULING,
    ),
    **dict.fromkeys(
        (
            *("RuntimeDirectory", "RuntimeDirectoryMode", "RuntimeDirectoryPreserve", "StateDirectory"),
            *(
                "StateDirectoryMode",
                "CacheDirectory",
                "CacheDirectoryMode",
                "LogsDirectory",
                "LogsDirectoryMode",
            ),
            *("ConfigurationDirectory", "ConfigurationDirectoryMode", "TimeoutCleanSec"),
        ),
        _FOLDERS,
    ),
    **dict.fromkeys(
        (
            "LoadCredential",
            "LoadCredentialEncrypted",
            "ImportCredential",
            "SetCredential",
            "SetCredentialEncrypted",
        ),
        _CREDENTIALS,
    ),
    **dict.fromkeys(
        (
            *(
                "LimitDATA",
                "LimitLOCKS",
                "LimitMEMLOCK",
                "LimitMSGQUEUE",
                "LimitNICE",
                "LimitRSS",
                "LimitRTPRIO",
            ),
            *("LimitRTTIME", "LimitSIGPENDING", "LimitSTACK"),
        ),
        "there is none of it among rlimits; let prlimit(1) start the program",
    ),
    **dict.fromkeys(
        ("RootDirectory", "RootImage", "RootImageOptions", "RootHash", "RootHashSignature", "RootVerity"),
        "programs see the whole file system; let chroot(8) start the program",
    ),
    **dict.fromkeys(("RootDirectoryStartOnly", "RootEphemeral"), "programs see the whole file system"),
    **dict.fromkeys(
        (
            "TTYPath",
            "TTYReset",
            "TTYVHangup",
            "TTYRows",
            "TTYColumns",
            "TTYVTDisallocate",
            "UtmpIdentifier",
            "UtmpMode",
        ),
        "programs have no terminal",
    ),
    **dict.fromkeys(
        ("KillMode", "KillSignal", "FinalKillSignal", "RestartKillSignal", "SendSIGHUP", "WatchdogSignal"),
        "a program that is to end gets SIGTERM, and then SIGKILL, with all processes of its group",
    ),
    **dict.fromkeys(
        ("WatchdogSec", "FileDescriptorStoreMax", "BusName", "PIDFile", "NonBlocking", "ExitType"),
        "programs are not heard; whether they live is all that is known of them",
    ),
    **dict.fromkeys(("TimeoutAbortSec", "TimeoutStopFailureMode"), "programs are not aborted; see term_wait"),
    **dict.fromkeys(("USBFunctionDescriptors", "USBFunctionStrings"), "USB is not listened to"),
    **dict.fromkeys(("StandardInputData", "StandardInputText"), "a program reads its socket, or nothing"),
    "AmbientCapabilities": "programs get no capabilities; give the file some (setcap(8)), or let root run it",
    "DynamicUser": "users are not made; make one, and name it in user",
    "ExecSearchPath": "write the whole path of the program",
    "PAMName": "PAM is not asked",
    "RuntimeRandomizedExtraSec": "a deadline is as it says",
    "SupplementaryGroups": "a program has the groups of its user; put the user into them",
}
"""Keys of ``[Service]`` that are not carried over, and why."""

SERVICE_GRAVE: Final = ("DynamicUser", "ExecCondition", "RootDirectory", "RootImage", "StandardInputData")
"""Those without which the service would be another."""

UNIT_MET: Final = ("Description", "Documentation", "SourcePath", "DefaultDependencies", "CollectMode")

UNIT_ORDER: Final = (
    *("After", "Before", "BindsTo", "Conflicts", "JoinsNamespaceOf", "PartOf", "PropagatesReloadTo"),
    *("ReloadPropagatedFrom", "Requires", "RequiresMountsFor", "Requisite", "StopPropagatedFrom", "Upholds"),
    *("Wants", "Also", "Alias", "RequiredBy", "UpheldBy", "WantedBy", "DefaultInstance", "OnFailure"),
    *("OnSuccess", "PropagatesStopTo"),
)
"""Keys that name other units."""

COMMON_UNITS: Final = (
    *("sockets.target", "network.target", "network-online.target", "multi-user.target", "basic.target"),
    *("sysinit.target", "shutdown.target", "local-fs.target", "remote-fs.target", "nss-lookup.target"),
    *("nss-user-lookup.target", "syslog.target", "default.target", "-.mount", "syslog.socket"),
)
"""Units that polyport.service waits for too, or that are there before it."""
