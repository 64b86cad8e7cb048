"""The keys of units that have a place in the lists."""

from __future__ import annotations

from protocols.daemon.importers.systemd import known_keys, socket_keys


def test_no_key_is_both_carried_over_and_not():
    assert not set(known_keys.SERVICE_MET) & set(known_keys.SERVICE_MISSED)
    assert not set(socket_keys.MET) & set(socket_keys.MISSED)
    assert set(known_keys.SERVICE_GRAVE) <= set(known_keys.SERVICE_MISSED)


def test_every_key_of_the_manuals_is_known():
    """systemd.socket(5), systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5) of 252."""
    missing = set(SOCKET.split()) - {*socket_keys.MET, *socket_keys.MISSED}
    assert not missing
    missing = set(SERVICE.split()) - {*known_keys.SERVICE_MET, *known_keys.SERVICE_MISSED}
    assert not missing


SOCKET = """
Accept Backlog BindIPv6Only BindToDevice Broadcast DeferAcceptSec DirectoryMode ExecStartPost
ExecStartPre ExecStopPost ExecStopPre FileDescriptorName FlushPending FreeBind IPTOS IPTTL KeepAlive
KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec ListenDatagram ListenFIFO ListenMessageQueue
ListenNetlink ListenSequentialPacket ListenSpecial ListenStream ListenUSBFunction Mark MaxConnections
MaxConnectionsPerSource MessageQueueMaxMessages MessageQueueMessageSize NoDelay PassCredentials
PassPacketInfo PassSecurity PipeSize Priority ReceiveBuffer RemoveOnStop ReusePort SELinuxContextFromNet
SendBuffer Service SmackLabel SmackLabelIPIn SmackLabelIPOut SocketGroup SocketMode SocketProtocol
SocketUser Symlinks TCPCongestion TimeoutSec Timestamping Transparent TriggerLimitBurst
TriggerLimitIntervalSec Writable
"""
SERVICE = """
AllowedCPUs AllowedMemoryNodes AmbientCapabilities AppArmorProfile BPFProgram BindPaths BindReadOnlyPaths
BusName CPUAccounting CPUAffinity CPUQuota CPUQuotaPeriodSec CPUSchedulingPolicy CPUSchedulingPriority
CPUSchedulingResetOnFork CPUWeight CacheDirectory CacheDirectoryMode CapabilityBoundingSet
ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter Delegate DeviceAllow DevicePolicy
DisableControllers DynamicUser Environment EnvironmentFile ExecCondition ExecPaths ExecReload
ExecSearchPath ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost ExitType ExtensionDirectories
ExtensionImages FileDescriptorStoreMax FinalKillSignal Group GuessMainPID IOAccounting
IODeviceLatencyTargetSec IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOSchedulingClass
IOSchedulingPriority IOWeight IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow
IPAddressDeny IPCNamespacePath IPEgressFilterPath IPIngressFilterPath IgnoreSIGPIPE InaccessiblePaths
KeyringMode KillMode KillSignal LimitAS LimitCORE LimitCPU LimitDATA LimitFSIZE LimitLOCKS LimitMEMLOCK
LimitMSGQUEUE LimitNICE LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING
LimitSTACK LockPersonality LogExtraFields LogLevelMax LogNamespace LogRateLimitBurst
LogRateLimitIntervalSec LogsDirectory LogsDirectoryMode ManagedOOMMemoryPressure
ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting MemoryDenyWriteExecute
MemoryHigh MemoryLow MemoryMax MemoryMin MemorySwapMax MountAPIVFS MountFlags MountImages NUMAMask
NUMAPolicy NetworkNamespacePath Nice NoExecPaths NoNewPrivileges NonBlocking NotifyAccess OOMPolicy
OOMScoreAdjust PAMName PIDFile PassEnvironment Personality PrivateDevices PrivateIPC PrivateMounts
PrivateNetwork PrivateTmp PrivateUsers ProcSubset ProtectClock ProtectControlGroups ProtectHome
ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem
ReadOnlyPaths ReadWritePaths RemainAfterExit RemoveIPC Restart RestartForceExitStatus RestartKillSignal
RestartPreventExitStatus RestartSec RestrictAddressFamilies RestrictFileSystems RestrictNamespaces
RestrictNetworkInterfaces RestrictRealtime RestrictSUIDSGID RootDirectory RootDirectoryStartOnly RootHash
RootHashSignature RootImage RootImageOptions RootVerity RuntimeDirectory RuntimeDirectoryMode
RuntimeDirectoryPreserve RuntimeMaxSec RuntimeRandomizedExtraSec SELinuxContext SecureBits SendSIGHUP
SendSIGKILL SetCredential SetCredentialEncrypted Slice SmackProcessLabel SocketBindAllow SocketBindDeny
Sockets StandardError StandardInput StandardInputData StandardInputText StandardOutput StartupAllowedCPUs
StartupAllowedMemoryNodes StartupCPUWeight StartupIOWeight StateDirectory StateDirectoryMode
SuccessExitStatus SupplementaryGroups SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix
SystemCallArchitectures SystemCallErrorNumber SystemCallFilter SystemCallLog TTYColumns TTYPath TTYReset
TTYRows TTYVHangup TTYVTDisallocate TasksAccounting TasksMax TemporaryFileSystem TimeoutAbortSec
TimeoutCleanSec TimeoutSec TimeoutStartFailureMode TimeoutStartSec TimeoutStopFailureMode TimeoutStopSec
TimerSlackNSec Type UMask USBFunctionDescriptors USBFunctionStrings UnsetEnvironment User UtmpIdentifier
UtmpMode WatchdogSec WatchdogSignal WorkingDirectory
"""
