namespace Interlock.Local.Demo;

/// <summary>How the demo runs: who decides at the gate, and whether the verification fails.</summary>
internal sealed record DemoOptions(DemoDecision Decision, bool FailVerify, string? DataDirectory, int Port);

internal enum DemoDecision
{
    /// <summary>A person, in a browser.</summary>
    Person,
    Approve,
    Reject,
}
