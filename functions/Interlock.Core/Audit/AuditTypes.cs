namespace Interlock.Core.Audit;

/// <summary>The types of records.</summary>
public static class AuditTypes
{
    public const string CallIntent = "call.intent";
    public const string CallOutcome = "call.outcome";
    public const string CallRefused = "call.refused";
    public const string RequestRefused = "request.refused";
    public const string AgentOpened = "agent.opened";
    public const string GateOpened = "gate.opened";
    public const string GateVote = "gate.vote";
    public const string GateChanged = "gate.changed";
    public const string Delegation = "delegation";
    public const string GateClosed = "gate.closed";
    public const string AgentSelection = "agent.selection";
    public const string RunStarted = "run.started";
    public const string RunState = "run.state";
    public const string EventEmitted = "event.emitted";
    public const string LockGranted = "lock.granted";
    public const string LockReleased = "lock.released";
    public const string LockRefused = "lock.refused";
    public const string ScheduleActivated = "schedule.activated";
    public const string Notice = "notice";
    public const string RegistryChanged = "registry.changed";
    public const string RegistryUnreachable = "registry.unreachable";
    public const string RegistryProposal = "registry.proposal";
    public const string BreakGlass = "break-glass";
    public const string TokenIssued = "token.issued";
}
