using Interlock.Core.Identity;
using Interlock.Core.Runs;

namespace Interlock.Http.Hosting;

/// <summary>The runs a person may see, newest first.</summary>
internal static class RunLists
{
    /// <summary>Without a role only one's own count, looked for among the newest.</summary>
    private const int Looked = 50;

    public static async Task<IReadOnlyList<RunSummary>> ReadAsync(IRunHost runs, Principal person, RunStatus? status, int limit, CancellationToken cancellationToken)
    {
        if (Visibility.HasAnyRole(person)) return await runs.QueryAsync(new RunQuery(person.Tenant, status, limit), cancellationToken);
        var own = new List<RunSummary>();
        foreach (var run in await runs.QueryAsync(new RunQuery(person.Tenant, status, Looked), cancellationToken))
            if (own.Count < limit && await runs.GetAsync(person.Tenant, run.Id, cancellationToken) is { } state && Visibility.MayRead(person, state)) own.Add(run);
        return own;
    }
}
