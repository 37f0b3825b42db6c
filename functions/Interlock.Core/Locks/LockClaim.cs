using System.Text.Json.Serialization;

namespace Interlock.Core.Locks;

/// <summary>A run's wish for a place of a lock, or its hold on one: each asks for itself with a command of its own.</summary>
/// <param name="Run">The run.</param>
/// <param name="Effect">Its command, which stands while it waits and while it holds.</param>
/// <param name="Frame">What holds it there; empty for the whole run.</param>
/// <param name="Workflow">The run's workflow, for lists.</param>
/// <param name="Ticket">Its number in the order of asking.</param>
/// <param name="AskedAt">When it asked.</param>
/// <param name="Until">When the place is anybody's, whatever the run says: past its deadline, and past what interrupted calls have to settle.</param>
public sealed record LockClaim(RunId Run, EffectId Effect, FrameId Frame, string Workflow, long Ticket, DateTimeOffset AskedAt, DateTimeOffset Until)
{
    /// <summary>The number of its grant; 0 while it waits.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Fence { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DateTimeOffset GrantedAt { get; init; }
}

/// <summary>A lock as it stands. Every change of it, and of any claim on it, replaces this: so all changes of one lock are one after the other.</summary>
/// <param name="Name">As documents name it.</param>
/// <param name="Places">How many may hold it at once; who comes when nobody holds it or waits says how many.</param>
/// <param name="Held">How many places are taken.</param>
/// <param name="Waiting">How many wait.</param>
/// <param name="Ticket">The number of the last one who asked.</param>
/// <param name="Next">A number that none of those who wait is below.</param>
/// <param name="Fence">The number of the last grant.</param>
/// <param name="ChangedAt">When it changed last.</param>
public sealed record LockHead(string Name, int Places, int Held, int Waiting, long Ticket, long Next, long Fence, DateTimeOffset ChangedAt)
{
    public static LockHead New(string name, int places, DateTimeOffset now) => new(name, places, 0, 0, 0, 1, 0, now);

    [JsonIgnore]
    public bool IsIdle => Held == 0 && Waiting == 0;

    /// <summary>
    /// The number of the next grant: above all before it, and no less than the time in milliseconds, so that it stays above them when this row is forgotten, or is an
    /// older one of a restored store.
    /// </summary>
    public long NextFence(DateTimeOffset now) => Math.Max(Fence + 1, now.ToUnixTimeMilliseconds());
}
