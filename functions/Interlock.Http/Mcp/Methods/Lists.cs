using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>The results of lists and reads: nobody may keep them, as what a caller may see can change at any moment.</summary>
internal static class Lists
{
    private const string UnavailableMeta = "interlock/unavailable";

    /// <param name="exchange">The request.</param>
    /// <param name="member">What the list is called.</param>
    /// <param name="items">The whole list, in one page.</param>
    /// <param name="unavailable">The servers that are missing in it, and why.</param>
    public static McpAnswer Answer(McpExchange exchange, string member, JsonValue items, IReadOnlyCollection<JsonValue>? unavailable = null)
    {
        if (exchange.Params["cursor"] is { IsNull: false }) return McpAnswer.Fail(McpErrorCodes.InvalidParams, "Lists come in one page; there is no such cursor.");
        var result = JsonValue.Object((member, items));
        if (unavailable is { Count: > 0 }) result = result.With("_meta", JsonValue.Object((UnavailableMeta, JsonValue.Array(unavailable))));
        return McpAnswer.Of(Uncached(exchange, result));
    }

    public static JsonValue Uncached(McpExchange exchange, JsonValue result) => exchange.IsNewest ? result.With("ttlMs", 0).With("cacheScope", "private") : result;
}
