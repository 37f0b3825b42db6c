using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Mcp;

/// <summary>
/// Tells listeners that what a tenant's registry offers may have changed. The stored epoch is looked at once a second for each tenant that somebody listens of,
/// whoever changed it; with nobody left to tell it is not.
/// </summary>
internal sealed partial class RegistryWatch(InterlockWeb web)
{
    private const int MaxListeners = 1024;
    private const int MaxListenersOfOne = 8;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly ILogger<RegistryWatch> _logger = web.Loggers.CreateLogger<RegistryWatch>();
    private readonly Lock _lock = new();
    private readonly HashSet<Listener> _listeners = [];
    private readonly Dictionary<TenantId, CancellationTokenSource> _looks = [];

    /// <summary>Calls back at every change of the registry from that snapshot on, until disposed; null when the caller, or the process, has as many listeners as it may.</summary>
    public IDisposable? Listen(McpCaller caller, RegistrySnapshot known, Action<RegistrySnapshot> changed)
    {
        var (tenant, who) = (caller.Principal.Tenant, caller.Client);
        lock (_lock)
        {
            if (_listeners.Count >= MaxListeners || _listeners.Count(other => other.Who == who) >= MaxListenersOfOne) return null;
            var listener = new Listener(this, tenant, who, changed) { Epoch = known.Epoch };
            _listeners.Add(listener);
            if (_looks.ContainsKey(tenant)) return listener;
            var ended = _looks[tenant] = new CancellationTokenSource();
            using (ExecutionContext.SuppressFlow()) _ = Task.Run(() => LookAsync(tenant, ended.Token)); // it is nobody's request
            return listener;
        }
    }

    private void Leave(Listener listener)
    {
        lock (_lock)
        {
            if (!_listeners.Remove(listener) || _listeners.Any(other => other.Tenant == listener.Tenant)) return;
            if (_looks.Remove(listener.Tenant, out var ended)) ended.Cancel();
        }
    }

    private async Task LookAsync(TenantId tenant, CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(LookEvery, web.Time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ct.IsCancellationRequested) return; // nobody listens any more
            try
            {
                Tell(tenant, await web.Registry.ReadAsync(tenant, ct));
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                Log.NotRead(_logger, e); // the next look may succeed
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Tell(TenantId tenant, RegistrySnapshot registry)
    {
        List<Listener> late;
        lock (_lock) late = [.. _listeners.Where(listener => listener.Tenant == tenant && listener.Epoch != registry.Epoch)];
        foreach (var listener in late)
        {
            listener.Epoch = registry.Epoch;
            listener.Changed(registry);
        }
    }

    private sealed class Listener(RegistryWatch watch, TenantId tenant, string who, Action<RegistrySnapshot> changed) : IDisposable
    {
        public TenantId Tenant => tenant;

        public string Who => who;

        public Action<RegistrySnapshot> Changed => changed;

        public long Epoch { get; set; }

        public void Dispose() => watch.Leave(this);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The registry could not be read for its listeners")]
        public static partial void NotRead(ILogger logger, Exception e);
    }
}
