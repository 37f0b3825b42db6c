namespace Interlock.Local.Demo;

/// <summary>How the demo runs: what it shows, who decides at the gate, and whether the verification fails.</summary>
internal sealed record DemoOptions(IDemoScenario Scenario, DemoDecision Decision, bool FailVerify, string? DataDirectory, int Port);

internal enum DemoDecision
{
    /// <summary>A person, in a browser.</summary>
    Person,
    Approve,
    Reject,
}
