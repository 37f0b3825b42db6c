using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>The resources that a caller's servers list, under their own addresses; which server one is of is in <c>_meta["interlock/server"]</c>.</summary>
internal sealed class ResourcesList(UpstreamLists lists) : IMcpMethod
{
    public const string ServerMeta = "interlock/server";
    public const string Member = "resources";

    public string Name => "resources/list";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct) => Answer(exchange, Member, await lists.ReadAsync(exchange, UpstreamOperations.ListResources, Member, ct));

    internal static McpAnswer Answer(McpExchange exchange, string member, IReadOnlyCollection<ListedServer> servers)
    {
        var items = servers.SelectMany(server => server.Items.Select(item => item.With("_meta", (item["_meta"] is { IsObject: true } meta ? meta : JsonValue.EmptyObject).With(ServerMeta, server.Server))));
        return Lists.Answer(exchange, member, JsonValue.Array(items), [.. servers.Where(server => server.Unavailable is not null).Select(server => server.Missing)]);
    }
}
