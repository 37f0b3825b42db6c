namespace Interlock.Tests.Azure.Durable;

/// <summary>When the worker of a turn dies.</summary>
internal enum Crash
{
    None,
    BeforeSending,

    /// <summary>What the orchestrator did is on its way, and will be a second time.</summary>
    BeforeRecording,
}
