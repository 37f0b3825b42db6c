using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Json;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Mcp;

/// <summary>
/// The tools of one registry snapshot under the names that clients see: <c>server__tool</c>, in at most 64 characters of
/// <c>[A-Za-z0-9_-]</c>; a name that does not fit is cut and ends in a digest. Of two tools with one name neither is served. Contracts are shown as
/// approved, with the operator's word on read-only and idempotent in place of the server's hints.
/// </summary>
internal sealed class ToolNames
{
    private const int MaxLength = 64;

    private readonly FrozenDictionary<string, RegistryEntry> _entries;
    private readonly FrozenDictionary<string, Tool> _tools;

    /// <param name="registry">Whose tools.</param>
    /// <param name="withHandles">Whether a call may be answered with a handle: contracts of results then admit it.</param>
    public ToolNames(RegistrySnapshot registry, bool withHandles)
    {
        var named = registry.OfKind(RegistryKind.Tool).Select(entry => entry.Name).Where(name => !UpstreamOperations.Is(name)).Distinct(StringComparer.Ordinal).GroupBy(Name, StringComparer.Ordinal)
            .Where(group => group.Count() == 1)
            .Select(group => (Exposed: group.Key, Entry: registry.Newest(RegistryKind.Tool, group.First()) ?? registry.OfKind(RegistryKind.Tool).First(entry => entry.Name == group.First())))
            .ToList();
        _entries = named.ToFrozenDictionary(tool => tool.Exposed, tool => tool.Entry, StringComparer.Ordinal);
        Listed = [.. named
            .Where(tool => tool.Entry.Lifecycle == Lifecycle.Active && registry.Newest(RegistryKind.Server, tool.Entry.Name[..tool.Entry.Name.IndexOf('/')]) is not null)
            .OrderBy(tool => tool.Exposed, StringComparer.Ordinal)];
        _tools = Listed.ToFrozenDictionary(tool => tool.Exposed, tool => Contract(tool.Exposed, tool.Entry, withHandles), StringComparer.Ordinal);
    }

    /// <summary>The active tools of active servers, in the order of their names.</summary>
    public IReadOnlyList<(string Exposed, RegistryEntry Entry)> Listed { get; }

    public RegistryEntry? Find(string exposed) => _entries.GetValueOrDefault(exposed);

    public Tool Tool(string exposed) => _tools[exposed];

    /// <summary>The name clients see for <c>server/tool</c>.</summary>
    public static string Name(string tool) => Fit(tool.Replace("/", "__", StringComparison.Ordinal), tool);

    /// <summary>The name clients see for the workflow <c>namespace/name</c>.</summary>
    public static string WorkflowName(string workflow) => Fit("workflow__" + workflow.Replace("/", "__", StringComparison.Ordinal), workflow);

    private static string Fit(string wanted, string whole)
    {
        if (wanted.Length <= MaxLength && wanted.All(IsPlain)) return wanted;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)).AsSpan(0, 5));
        var plain = string.Concat(wanted.Select(c => IsPlain(c) ? c : '_'));
        return $"{plain[..Math.Min(plain.Length, MaxLength - digest.Length - 1)]}-{digest}";
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';

    private static Tool Contract(string exposed, RegistryEntry entry, bool withHandles)
    {
        var body = entry.As<ToolBody>();
        var output = body is { OutputSchema: { IsObject: true } schema, Settings.Redact.IsEmpty: true } ? withHandles ? ResultSchema.OrHandle(schema) : schema : null;
        return new Tool
        {
            Name = exposed,
            Title = body.Contract["title"]?.StringOrNull(),
            Description = body.Contract["description"]?.StringOrNull(),
            InputSchema = Element(body.InputSchema),
            OutputSchema = output is null ? null : Element(output),
            Annotations = new ToolAnnotations { ReadOnlyHint = body.Settings.ReadOnly, IdempotentHint = body.Settings.Idempotent },
        };
    }

    internal static JsonElement Element(JsonValue value) => JsonSerializer.Deserialize<JsonElement>(value.ToString());
}
