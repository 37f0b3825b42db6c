using System.Collections.Concurrent;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Intake;

/// <summary>How many runs a principal may have at once, and how many active frames in them: a run takes one of the principal's slots until it has ended.</summary>
internal sealed class RunCaps(ITableStore store, IRunHost runs, PrincipalCaps caps, TimeProvider time)
{
    public const string RunRule = "run-limit";
    public const string FrameRule = "frame-limit";

    private const string Table = "runslots";
    private const int ReadAtOnce = 16;
    private const int MaxSums = 10_000;

    /// <summary>How long a sum of frames holds: many starts at once read the states once.</summary>
    private static readonly TimeSpan SumHolds = TimeSpan.FromSeconds(5);

    private readonly Slots _slots = new(store, Table);
    private readonly ConcurrentDictionary<string, (long Frames, DateTimeOffset At)> _sums = new(StringComparer.Ordinal);

    /// <summary>Null when the run may start, or has before.</summary>
    public async Task<Problem?> RefuseAsync(Principal by, RunId run, CancellationToken cancellationToken)
    {
        var (partition, now) = (Keys.Join(by.Tenant.Value, by.Subject), time.GetUtcNow());
        if (!await _slots.TakeAsync(partition, run.Value, caps.ActiveRuns, now, holder => IsActiveAsync(by.Tenant, holder, cancellationToken), cancellationToken))
            return await IsKnownAsync(by.Tenant, run, cancellationToken)
                ? null
                : Refuse(RunRule, "Too many runs", $"{caps.ActiveRuns} of your runs have not ended, and that is the most there may be at once: wait until some have ended, or cancel some, and start it again.");
        if (await FramesAsync(by.Tenant, partition, run, now, cancellationToken) < caps.ActiveFrames || await IsKnownAsync(by.Tenant, run, cancellationToken)) return null;
        await _slots.ReleaseAsync(partition, run.Value, cancellationToken);
        return Refuse(FrameRule, "Too much is under way", $"Your runs have {caps.ActiveFrames} active tasks or more together: wait until some have ended, or cancel some, and start it again.");
    }

    private async Task<bool?> IsActiveAsync(TenantId tenant, string run, CancellationToken cancellationToken) =>
        await runs.GetAsync(tenant, new RunId(run), cancellationToken) is { } state ? !state.Status.IsClosed() : null;

    private async Task<bool> IsKnownAsync(TenantId tenant, RunId run, CancellationToken cancellationToken) => await runs.GetAsync(tenant, run, cancellationToken) is not null;

    private async Task<long> FramesAsync(TenantId tenant, string partition, RunId but, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (_sums.TryGetValue(partition, out var known) && now - known.At < SumHolds) return known.Frames;
        var frames = 0L;
        foreach (var some in (await _slots.HoldersAsync(partition, cancellationToken)).Where(holder => holder != but.Value).Chunk(ReadAtOnce))
            frames += (await Task.WhenAll(some.Select(holder => runs.GetAsync(tenant, new RunId(holder), cancellationToken)))).Sum(state => state is { } one && !one.Status.IsClosed() ? one.Frames.Count : 0);
        if (_sums.Count >= MaxSums) _sums.Clear();
        _sums[partition] = (frames, now);
        return frames;
    }

    private static Problem Refuse(string rule, string title, string detail) => new(ProblemTypes.Limit, 429, title, detail) { Stage = "intake", Rule = rule };
}
