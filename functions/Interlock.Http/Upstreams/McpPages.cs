using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>Reads a list that comes in pages to its end, within bounds: a server may not feed us for ever.</summary>
internal static class McpPages
{
    private const int MaxItems = 2000;
    private const int MaxPages = 200;
    private const long MaxSize = 8 * 1024 * 1024;

    /// <summary>One result whose only member is the whole list, or the first reply that is none.</summary>
    /// <param name="member">The member of a page that holds its items.</param>
    /// <param name="ask">Asks for the page at a cursor, the first without one.</param>
    public static async Task<JsonRpcReply> ReadAsync(string member, Func<string?, Task<JsonRpcReply>> ask)
    {
        var items = new List<JsonValue>();
        var size = 0L;
        string? cursor = null;
        for (var pages = 1; ; pages++)
        {
            var reply = await ask(cursor);
            if (reply is not JsonRpcReply.Result { Value: var page }) return reply;
            if (page[member] is not { IsArray: true } listed) return new JsonRpcReply.Garbled($"The list has no array '{member}'.");
            items.AddRange(listed.Items);
            size += listed.Size;
            if (items.Count > MaxItems || size > MaxSize) return new JsonRpcReply.Garbled($"There are more than {MaxItems} {member}, or more than {MaxSize} characters of them.", "response-limit");
            var next = page["nextCursor"]?.StringOrNull();
            if (next is null) return new JsonRpcReply.Result(JsonValue.Object((member, JsonValue.Array(items))));
            if (next == cursor || listed.Count == 0 || pages == MaxPages) return new JsonRpcReply.Garbled($"The list of {member} does not end.");
            cursor = next;
        }
    }
}
