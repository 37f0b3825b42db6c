namespace Interlock.Core.Telemetry;

/// <summary>
/// The names of all that is measured, with the tags each has. No tag holds a payload, an argument or a caller; a server's name is one of at most 256, then <c>other</c>, and so is an
/// address, which is shown without its query.
/// Alert rules name these and no others.
/// </summary>
public static class MetricNames
{
    /// <summary>The activity source and the meter.</summary>
    public const string Source = "Interlock";

    /// <summary>Calls that ended, by <c>outcome</c> and <c>server</c>.</summary>
    public const string Calls = "interlock.calls";

    /// <summary>Seconds from asking to answer, by <c>outcome</c> and <c>server</c>.</summary>
    public const string CallDuration = "interlock.call.duration";

    /// <summary>Seconds in one stage, by <c>stage</c>.</summary>
    public const string StageDuration = "interlock.stage.duration";

    /// <summary>Seconds that a call waited for its rates and its place among its caller's, by <c>server</c>.</summary>
    public const string QueueDuration = "interlock.queue.duration";

    /// <summary>Refused calls, by <c>stage</c> and <c>rule</c>.</summary>
    public const string Refusals = "interlock.refusals";

    /// <summary>What was done with break-glass, by <c>act</c>: opened, used, ended, refused.</summary>
    public const string BreakGlass = "interlock.break_glass";

    /// <summary>Calls being made now.</summary>
    public const string InFlight = "interlock.calls.in_flight";

    /// <summary>How an address takes calls, in this process, by <c>server</c> and <c>address</c>: 0 all (closed), 1 one that tries it (half-open), 2 none (open). Told when it changes; until then it is closed.</summary>
    public const string Circuit = "interlock.circuit";

    /// <summary>Seconds from sending to one address to its answer, or to none, by <c>server</c>, <c>address</c> and <c>verdict</c>: what it says of the address (<c>good</c>, <c>bad</c>, <c>uncounted</c>).</summary>
    public const string UpstreamDuration = "interlock.upstream.duration";

    /// <summary>Seconds from asking for a lock to its grant.</summary>
    public const string LockWait = "interlock.lock.wait";

    /// <summary>Places of locks that are held, and commands of runs that wait for one, as the minute's look at all locks found them.</summary>
    public const string LocksHeld = "interlock.locks.held";

    public const string LocksWaiting = "interlock.locks.waiting";

    /// <summary>Attempts that repeat one of unknown outcome, by <c>server</c>.</summary>
    public const string Retries = "interlock.retries";
}
