using Interlock.Core.Gateway;

namespace Interlock.Core.Registry;

/// <summary>
/// Refreshes a server's contracts soon after it says that they changed, instead of at the next pass: some time later, so that many changes are one, and at most once a
/// minute, whatever it says.
/// </summary>
/// <param name="refresh">What is done then.</param>
/// <param name="watch">Who listens.</param>
/// <param name="told">Is given what a refresh found, or why there was none.</param>
/// <param name="time">The clock.</param>
public sealed class ContractWatch(ContractRefresh refresh, IUpstreamWatch watch, Action<RefreshPass?, Exception?> told, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan AtMostEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _due = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Listens to the servers that are active now, and to no others. To be repeated: it costs next to nothing.</summary>
    public async Task RunAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var servers = await refresh.ServersAsync(tenant, cancellationToken);
        lock (_lock)
        {
            foreach (var gone in _due.Keys.Except(servers.Select(server => server.RegistrationId)).ToList()) _due.Remove(gone);
        }
        watch.Watch(servers, registration => Changed(tenant, registration));
    }

    public void Dispose()
    {
        if (_stop.IsCancellationRequested) return; // a container disposes what its owner disposed already
        _stop.Cancel();
        watch.Watch([], static _ => { });
        _stop.Dispose();
    }

    private void Changed(TenantId tenant, string registration)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var isKnown = _due.TryGetValue(registration, out var last);
            if (isKnown && last > now) return; // a refresh is coming
            wait = isKnown && last + AtMostEvery > now + Patience ? last + AtMostEvery - now : Patience;
            _due[registration] = now + wait;
        }
        _ = RefreshAsync(tenant, registration, wait, _stop.Token);
    }

    private async Task RefreshAsync(TenantId tenant, string registration, TimeSpan wait, CancellationToken stop)
    {
        try
        {
            await Task.Delay(wait, time, stop);
            told(await refresh.RunAsync(tenant, registration, stop), null);
        }
        catch (Exception e)
        {
            if (!stop.IsCancellationRequested) told(null, e);
        }
    }
}
