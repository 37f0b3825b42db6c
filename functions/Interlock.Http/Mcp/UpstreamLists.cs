using System.Collections.Concurrent;
using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// The resources and resource templates of a caller's servers, asked for through the gateway. A server that fails, or says nothing for two seconds, is named with the reason, with what it
/// listed last where that is known, and the others' are whole. Remembered for a short while, for that caller at that epoch of the registry only; what failed never is.
/// </summary>
internal sealed class UpstreamLists(InterlockWeb web, Catalogs catalogs, OperationCalls operations)
{
    private const int MaxRemembered = 256;
    private const long MaxRememberedSize = 256 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RememberFor = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Caller, long Epoch, string Target), (DateTimeOffset Until, ListedServer Listed)> _remembered = new();

    /// <summary>What each server that the caller may see lists, in the order of their names.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="operation">Of <see cref="UpstreamOperations"/>.</param>
    /// <param name="member">What its list is called.</param>
    /// <param name="cancellationToken">Asks the upstreams to stop.</param>
    public async Task<ImmutableArray<ListedServer>> ReadAsync(McpExchange exchange, string operation, string member, CancellationToken cancellationToken)
    {
        var caller = McpCaller.Of(exchange);
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, cancellationToken);
        var (policies, now) = (web.Policies.Of(registry), web.Time.GetUtcNow());
        var visible = catalogs.Of(registry, caller.Server).Operations[operation].Where(entry => caller.Permits(entry.Name) && ToolVisibility.IsVisible(policies, caller.Chain, entry, now));
        return [.. await Task.WhenAll(visible.Select(entry => ReadAsync(exchange, caller, registry, entry, member, cancellationToken)))];
    }

    private async Task<ListedServer> ReadAsync(McpExchange exchange, McpCaller caller, RegistrySnapshot registry, RegistryEntry entry, string member, CancellationToken cancellationToken)
    {
        var key = (KeyOf(caller), registry.Epoch, entry.Name);
        var isKnown = _remembered.TryGetValue(key, out var known);
        if (isKnown && web.Time.GetUtcNow() < known.Until) return known.Listed;
        var server = Catalog.ServerOf(entry.Name);
        var (result, problem) = await AskAsync(exchange, caller, entry, cancellationToken);
        if (result?[member] is not { IsArray: true } items)
            return new ListedServer(server, isKnown ? known.Listed.Items : [], (problem is null ? "It answered with no list." : $"{problem.Title}. {problem.Detail}".TrimEnd()) + (isKnown ? " What it listed last is shown." : ""));
        var listed = new ListedServer(server, [.. items.Items.Where(item => item.IsObject)], null);
        if (items.Size > MaxRememberedSize) return listed;
        if (_remembered.Count >= MaxRemembered) _remembered.Clear();
        _remembered[key] = (web.Time.GetUtcNow() + RememberFor, listed);
        return listed;
    }

    /// <summary>Ends in time also where a server hangs: the call ends by its deadline then, and the server is told that nobody waits, while the answer is on its way.</summary>
    private async Task<(JsonValue? Result, Problem? Problem)> AskAsync(McpExchange exchange, McpCaller caller, RegistryEntry entry, CancellationToken cancellationToken)
    {
        var asking = operations.AskAsync(exchange, caller, entry, JsonValue.EmptyObject, Patience, cancellationToken);
        try
        {
            return await asking.WaitAsync(Patience, web.Time, cancellationToken);
        }
        catch (TimeoutException) when (!asking.IsCompleted)
        {
            return (null, new Problem(ProblemTypes.Timeout, 504, "The server did not answer in time", $"It was asked {Patience.TotalSeconds} seconds ago."));
        }
    }

    /// <summary>Who asks, and everyone on whose authority.</summary>
    private static string KeyOf(McpCaller caller) =>
        JsonValue.Array([caller.Client, .. caller.Chain.Subjects]).ToString();
}

/// <summary>What one server lists; of one that is unavailable what it listed last, if that is known.</summary>
internal sealed record ListedServer(string Server, ImmutableArray<JsonValue> Items, string? Unavailable)
{
    /// <summary>As lists name a server that is missing in them.</summary>
    public JsonValue Missing => JsonValue.Object(("server", Server), ("reason", Unavailable ?? ""));
}
