using Interlock.Core.Runs;

namespace Interlock.Core.Gateway;

/// <summary>What happened to runs, as it was stored before anybody acted on it.</summary>
public interface IRunLog
{
    /// <summary>What happened after so many events, in order; nothing of a run that is not there.</summary>
    IAsyncEnumerable<RunEvent> SinceAsync(TenantId tenant, RunId run, long after, CancellationToken cancellationToken = default);
}
