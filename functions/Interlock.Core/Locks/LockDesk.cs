using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Telemetry;
using Interlock.Core.Workflows;

namespace Interlock.Core.Locks;

/// <summary>
/// Gives the places of locks to runs, in the order of asking, and takes them back. A place is the run's and no process's: it is a row before the run is told, so whatever
/// crashes, the run finds it when it asks again. Who gives one back hands it on in the same write and tells the next run; nobody polls. Safe in any number of processes.
/// </summary>
public sealed class LockDesk(ITableStore store, IRunHost runs, AuditLog audit, TimeProvider time)
{
    public const string Stage = "lock";

    /// <summary>Rule: all places are taken.</summary>
    public const string Held = "lock-held";

    /// <summary>Rule: as many runs of the workflow as may go on at once do.</summary>
    public const string Concurrency = "concurrency";

    /// <summary>Rule: who holds it says another number of places.</summary>
    public const string Places = "lock-places";

    /// <summary>How long past its command's deadline a place is a run's: interrupted calls have half of it to settle.</summary>
    private static readonly TimeSpan Grace = 2 * RunLimits.AbandonedGrace;

    /// <summary>How long a lock that nobody wants is remembered: longer than processes differ about the time.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    private readonly LockRows _rows = new(store);
    private readonly LockLines _lines = new();

    /// <summary>Asks for a place, or once more for one that was asked for: whether the run was told that it has one, and why it gets none. Else it waits.</summary>
    public async Task<(bool IsTold, Problem? Refusal)> HoldAsync(RunState run, Command.HoldLock wanted, CancellationToken cancellationToken = default)
    {
        if (run.Locks?.ContainsKey(wanted.Id) == true) return (false, null);
        var id = LockId.Of(run.Tenant, wanted.Name);
        if (await _rows.WantAsync(id, run.Id, wanted.Id, cancellationToken) is not { Fence: > 0 }) await LookAsync(id, wanted.Name, cancellationToken);
        var (claim, problem) = await AskAsync(id, run, wanted, cancellationToken);
        if (problem is not null)
        {
            await audit.AppendAsync(AuditChain.ForRun(run.Tenant, run.Id), [LockRecords.Refused(run, wanted, problem, time.GetUtcNow())], [], cancellationToken);
            return (false, problem);
        }
        if (claim!.Fence > 0) return (await TellAsync(id, wanted.Name, [claim]), null); // one of the two
        if (wanted.Contention == LockContention.CancelRunning) await MakeWayAsync(id, run, wanted, claim, cancellationToken);
        return (false, null);
    }

    /// <summary>Gives up what a command waits for or holds; nothing where it has neither.</summary>
    public Task WithdrawAsync(RunState run, Command.HoldLock held, CancellationToken cancellationToken = default) =>
        LeaveAsync(LockId.Of(run.Tenant, held.Name), held.Name, run, held.Id, null, cancellationToken);

    /// <summary>
    /// What crashes left: places of runs that are over, that don't want them any more or whose time is long over are given to others, runs that were not told of theirs are, and locks that nobody wants are forgotten.
    /// </summary>
    /// <exception cref="AggregateException">Some could not be looked at; the rest was.</exception>
    public async Task SweepAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var (held, waiting, failed) = (0, 0, new List<Exception>());
        await foreach (var head in _rows.AllAsync(tenant, cancellationToken))
        {
            var id = LockId.Of(tenant, head.Name);
            (held, waiting) = (held + head.Held, waiting + head.Waiting);
            try
            {
                if (head.IsIdle) await ForgetAsync(id, cancellationToken);
                else await foreach (var holder in _rows.HoldersAsync(id, cancellationToken)) await LookAsync(id, head.Name, holder, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed.Add(e); // a run that can't be read keeps its lock, and no other one's
            }
        }
        LockMetrics.Stand(held, waiting);
        if (failed.Count > 0) throw new AggregateException(failed);
    }

    private async Task<(LockClaim? Claim, Problem? Problem)> AskAsync(LockId id, RunState run, Command.HoldLock wanted, CancellationToken cancellationToken)
    {
        using var turn = await _lines.EnterAsync(id, cancellationToken);
        while (true)
        {
            if (await _rows.WantAsync(id, run.Id, wanted.Id, cancellationToken) is var (ticket, fence, _))
            {
                if (await _rows.ClaimAsync(id, ticket, fence, cancellationToken) is var (known, _)) return (known, null);
                continue; // granted in between
            }
            var (now, found) = (time.GetUtcNow(), await _rows.FindAsync(id, cancellationToken));
            var head = found?.Head ?? LockHead.New(wanted.Name, wanted.Places, now);
            if (head.IsIdle) head = head with { Places = wanted.Places };
            if (head.Places != wanted.Places) return (null, Refused(wanted, Places, $"Those who hold or want the lock '{wanted.Name}' now say that it has {head.Places} places, and not {wanted.Places}."));
            var isFree = head.Held < head.Places && head.Waiting == 0;
            if (!isFree && wanted.Contention == LockContention.Reject) return (null, Busy(wanted));
            var claim = new LockClaim(run.Id, wanted.Id, wanted.Frame, run.Workflow.Name, head.Ticket + 1, now, wanted.Deadline < DateTimeOffset.MaxValue - Grace ? wanted.Deadline + Grace : DateTimeOffset.MaxValue);
            if (isFree) claim = claim with { Fence = head.NextFence(now), GrantedAt = now };
            var after = isFree
                ? head with { Held = head.Held + 1, Ticket = claim.Ticket, Next = claim.Ticket + 1, Fence = claim.Fence, ChangedAt = now }
                : head with { Waiting = head.Waiting + 1, Ticket = claim.Ticket, ChangedAt = now };
            if (await _rows.WriteAsync(id, after, found?.ETag, isFree ? LockRows.Holds(id, claim) : LockRows.Waits(id, claim), cancellationToken)) return (claim, null);
        }
    }

    /// <summary>Ends a command's claim. The record comes first: a place that others have is never one that is not recorded as given back.</summary>
    private async Task LeaveAsync(LockId id, string name, RunState? run, EffectId effect, string? reason, CancellationToken cancellationToken, RunId? of = null)
    {
        var holder = run?.Id ?? of!.Value; // one of the two
        var recorded = 0L;
        IReadOnlyList<LockClaim> granted;
        while (true)
        {
            if (await _rows.WantAsync(id, holder, effect, cancellationToken) is not var (ticket, fence, wantETag)) return;
            if (await _rows.ClaimAsync(id, ticket, fence, cancellationToken) is not var (claim, claimETag)) continue;
            if (fence != recorded && run is not null)
            {
                await audit.AppendAsync(AuditChain.ForRun(id.Tenant, holder), [LockRecords.Released(run, name, claim, reason, time.GetUtcNow())], [], cancellationToken);
                recorded = fence;
            }
            using var turn = await _lines.EnterAsync(id, cancellationToken);
            var (head, etag) = await _rows.FindAsync(id, cancellationToken) ?? throw new InvalidDataException($"A claim of run {holder} stands without its lock.");
            (head, var next) = fence == 0 ? (head with { Waiting = head.Waiting - 1, ChangedAt = time.GetUtcNow() }, []) : await HandOnAsync(id, head, cancellationToken);
            if (!await _rows.WriteAsync(id, head, etag, [.. LockRows.Left(id, claim, claimETag, wantETag), .. next.SelectMany(one => LockRows.Granted(id, one.Claim, one.ETag, one.WantETag))], cancellationToken)) continue;
            granted = [.. next.Select(one => one.Claim)];
            break;
        }
        await TellAsync(id, name, granted);
    }

    /// <summary>The lock with one place less held, and those that are free given to who waits.</summary>
    private async Task<(LockHead Head, IReadOnlyList<(LockClaim Claim, string ETag, string WantETag)> Next)> HandOnAsync(LockId id, LockHead head, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        head = head with { Held = head.Held - 1, ChangedAt = now };
        var next = new List<(LockClaim, string, string)>();
        foreach (var (claim, etag) in await _rows.FirstAsync(id, head, Math.Min(head.Places - head.Held, LockRows.GrantsAtOnce), cancellationToken))
        {
            if (await _rows.WantAsync(id, claim.Run, claim.Effect, cancellationToken) is not var (_, _, wantETag)) break; // somebody else changes the lock: so this is not written
            head = head with { Held = head.Held + 1, Waiting = head.Waiting - 1, Next = claim.Ticket + 1, Fence = head.NextFence(now) };
            next.Add((claim with { Fence = head.Fence, GrantedAt = now }, etag, wantETag));
        }
        return (head, next);
    }

    /// <summary>Tells runs of their grants; whether it was done here. Where a run is told already, whoever does that goes on with these.</summary>
    private async Task<bool> TellAsync(LockId id, string name, IReadOnlyList<LockClaim> granted)
    {
        if (!_lines.Bring(id, granted)) return false;
        var isDone = true;
        while (_lines.Next(id) is { } claim)
        {
            try
            {
                await TellAsync(id, name, claim);
            }
            catch (Exception)
            {
                isDone = false; // the grant stands: the run finds it when it asks again, or the sweep tells it
            }
        }
        return isDone;
    }

    private async Task TellAsync(LockId id, string name, LockClaim claim)
    {
        if (await runs.GetAsync(id.Tenant, claim.Run) is not { } run || !Wants(run, claim.Effect))
        {
            await LeaveAsync(id, name, null, claim.Effect, null, CancellationToken.None, claim.Run);
            return;
        }
        await audit.AppendAsync(AuditChain.ForRun(id.Tenant, claim.Run), [LockRecords.Granted(run, name, claim)], []);
        var granted = new RunEvent.LockGranted(time.GetUtcNow(), claim.Effect, claim.Fence);
        if (await runs.SignalAsync(id.Tenant, claim.Run, granted, state => Wants(state, claim.Effect) && !IsTold(state, claim.Effect))) LockMetrics.Waited((claim.GrantedAt - claim.AskedAt).TotalSeconds);
        else if (await runs.GetAsync(id.Tenant, claim.Run) is { } left && !Wants(left, claim.Effect)) await LeaveAsync(id, name, left, claim.Effect, null, CancellationToken.None);
    }

    /// <summary>Who asks, or asks again after a restart, looks at who has had a place the longest: what a crash left is in nobody's way until the next sweep.</summary>
    private async Task LookAsync(LockId id, string name, CancellationToken cancellationToken)
    {
        if (await _rows.HoldersAsync(id, cancellationToken).FirstOrDefaultAsync(cancellationToken) is { } oldest) await LookAsync(id, name, oldest, cancellationToken);
    }

    private async Task LookAsync(LockId id, string name, LockClaim holder, CancellationToken cancellationToken)
    {
        var run = await runs.GetAsync(id.Tenant, holder.Run, cancellationToken);
        if (run is null || !Wants(run, holder.Effect)) await LeaveAsync(id, name, run, holder.Effect, "The run no longer needs it.", cancellationToken, holder.Run);
        else if (holder.Until < time.GetUtcNow()) await LeaveAsync(id, name, run, holder.Effect, "Its time was over.", cancellationToken);
        else if (!IsTold(run, holder.Effect)) await TellAsync(id, name, [holder]);
    }

    private async Task ForgetAsync(LockId id, CancellationToken cancellationToken)
    {
        if (await _rows.FindAsync(id, cancellationToken) is var (head, etag) && head.IsIdle && time.GetUtcNow() - head.ChangedAt > Remembered) await _rows.ForgetAsync(id, etag, cancellationToken);
    }

    /// <summary>Cancels the oldest of those before this one, as many as are in its way.</summary>
    private async Task MakeWayAsync(LockId id, RunState run, Command.HoldLock wanted, LockClaim claim, CancellationToken cancellationToken)
    {
        if (await _rows.FindAsync(id, cancellationToken) is not var (head, _)) return;
        var before = await _rows.HoldersAsync(id, cancellationToken).Concat(_rows.WaitingAsync(id, head, cancellationToken)).Where(one => one.Ticket < claim.Ticket).ToListAsync(cancellationToken);
        foreach (var one in before.Take(before.Count - (wanted.Places - 1)))
            if (one.Run != run.Id && await runs.GetAsync(id.Tenant, one.Run, cancellationToken) is { } other) await runs.GiveUpAsync(audit, other, $"run:{run.Id}", "lock", $"Run {run.Id} takes its place in '{wanted.Name}'.", time.GetUtcNow(), cancellationToken);
    }

    private static bool Wants(RunState run, EffectId effect) => !run.Status.IsClosed() && run.Pending.GetValueOrDefault(effect) is Command.HoldLock;

    private static bool IsTold(RunState run, EffectId effect) => run.Locks?.ContainsKey(effect) == true || run.Deferred.Any(deferred => deferred is RunEvent.LockGranted granted && granted.Effect == effect);

    /// <summary>The run's own lock is its workflow's concurrency, and said so.</summary>
    private static Problem Busy(Command.HoldLock wanted) => wanted.Frame == FrameId.Root
        ? Refused(wanted, Concurrency, $"{(wanted.Places == 1 ? "Another run" : $"{wanted.Places} other runs")} of this workflow with the same key {(wanted.Places == 1 ? "goes" : "go")} on, and it takes no more.")
        : Refused(wanted, Held, $"All places of the lock '{wanted.Name}' are taken.");

    private static Problem Refused(Command.HoldLock wanted, string rule, string detail) =>
        new(ProblemTypes.Refused, 409, wanted.Frame == FrameId.Root ? "The run can't go on beside others" : "The lock can't be had", detail, wanted.Frame.Value) { Stage = Stage, Rule = rule };
}
