using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>
/// A stream held open on which a client hears that the lists it asked for may have changed. Every change of the registry is one of them all: what it means for
/// a caller, asking again says. On hosts whose answers end it ends in time, and the client listens anew.
/// </summary>
internal sealed class SubscriptionsListen(InterlockWeb web, RegistryWatch watch) : IMcpMethod
{
    private const string IdMeta = "io.modelcontextprotocol/subscriptionId";

    private static readonly (string Filter, string Method)[] Kinds =
    [
        ("toolsListChanged", "notifications/tools/list_changed"),
        ("promptsListChanged", "notifications/prompts/list_changed"),
        ("resourcesListChanged", "notifications/resources/list_changed"),
    ];

    public string Name => "subscriptions/listen";

    public bool IsNew => true;

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        if (exchange.Params["notifications"] is not { IsObject: true } wanted) return McpAnswer.Fail(McpErrorCodes.InvalidParams, "What to listen for is said in params.notifications.");
        var (caller, meta) = (McpCaller.Of(exchange), JsonValue.Object((IdMeta, exchange.Message.Id!))); // what is answered has an id
        var kinds = Kinds.Where(kind => wanted[kind.Filter] == JsonValue.True).ToArray();
        var known = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        using var listener = watch.Listen(caller, known, Tell);
        if (listener is null) return McpAnswer.Refuse(429, McpErrorCodes.Transport, "There are too many listeners; close one.", "too-many-listeners");
        exchange.Notify("notifications/subscriptions/acknowledged", JsonValue.Object(("_meta", meta), ("notifications", JsonValue.Object(kinds.Select(kind => KeyValuePair.Create(kind.Filter, JsonValue.True))))));
        await EndAsync(ct);
        return McpAnswer.Of(JsonValue.Object(("_meta", meta)));

        void Tell(RegistrySnapshot _)
        {
            foreach (var (_, method) in kinds) exchange.Notify(method, JsonValue.Object(("_meta", meta)));
        }
    }

    /// <summary>Until the host stops or answers end; throws when the client leaves.</summary>
    private async Task EndAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, web.Stopping);
        await Task.Delay(web.Options.AnswerWithin ?? Timeout.InfiniteTimeSpan, web.Time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ct.ThrowIfCancellationRequested();
    }
}
