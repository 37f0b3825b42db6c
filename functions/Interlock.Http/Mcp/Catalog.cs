using System.Collections.Frozen;
using System.Collections.Immutable;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// What one registry snapshot offers to clients, under the names they see: of all servers, or of one under its own names. Contracts are shown as approved, with
/// the operator's word on read-only and idempotent in place of the server's hints.
/// </summary>
internal sealed class Catalog
{
    private readonly FrozenDictionary<string, CatalogTool> _tools;
    private readonly FrozenDictionary<string, CatalogPrompt> _prompts;

    /// <param name="registry">Whose tools.</param>
    /// <param name="server">The one server, or null for all.</param>
    /// <param name="withHandles">Whether a call may be answered with a handle: contracts of results then admit it.</param>
    public Catalog(RegistrySnapshot registry, string? server, bool withHandles)
    {
        var entries = registry.OfKind(RegistryKind.Tool).Where(entry => server is null || ServerOf(entry.Name) == server).Select(entry => entry.Name).Distinct(StringComparer.Ordinal)
            .Select(name => registry.Newest(RegistryKind.Tool, name) ?? registry.OfKind(RegistryKind.Tool).First(entry => entry.Name == name))
            .Concat(server is null ? BuiltinServer.Tools : [])
            .ToList();
        var offered = entries.Where(entry => entry.Lifecycle == Lifecycle.Active && registry.Newest(RegistryKind.Server, ServerOf(entry.Name)) is not null).ToHashSet();
        var tools = entries.Where(entry => !UpstreamOperations.Is(entry.Name))
            .Select(entry => Tool(server is null ? ToolNames.Name(entry.Name) : OwnName(entry.Name), entry, offered.Contains(entry), withHandles))
            .DistinctBy(tool => tool.Exposed, StringComparer.Ordinal).OrderBy(tool => tool.Exposed, StringComparer.Ordinal).ToImmutableArray();
        _tools = tools.ToFrozenDictionary(tool => tool.Exposed, StringComparer.Ordinal);
        Tools = [.. tools.Where(tool => tool.IsOffered)];
        Operations = offered.Where(entry => UpstreamOperations.Is(entry.Name)).OrderBy(entry => entry.Name, StringComparer.Ordinal).ToLookup(entry => OwnName(entry.Name), StringComparer.Ordinal);
        Prompts = [.. Operations[UpstreamOperations.GetPrompt].SelectMany(entry => PromptsOf(entry, server is not null)).DistinctBy(prompt => prompt.Exposed, StringComparer.Ordinal).OrderBy(prompt => prompt.Exposed, StringComparer.Ordinal)];
        _prompts = Prompts.ToFrozenDictionary(prompt => prompt.Exposed, StringComparer.Ordinal);
    }

    /// <summary>The active tools of active servers, in the order of their names.</summary>
    public ImmutableArray<CatalogTool> Tools { get; }

    /// <summary>The prompts of active servers, in the order of their names.</summary>
    public ImmutableArray<CatalogPrompt> Prompts { get; }

    /// <summary>What active servers offer beside tools, by its name in <see cref="UpstreamOperations"/>.</summary>
    public ILookup<string, RegistryEntry> Operations { get; }

    /// <summary>A tool, also one that is not offered any more: calling it says why.</summary>
    public CatalogTool? Tool(string exposed) => _tools.GetValueOrDefault(exposed);

    public CatalogPrompt? Prompt(string exposed) => _prompts.GetValueOrDefault(exposed);

    public RegistryEntry? Operation(string operation, string server) => Operations[operation].FirstOrDefault(entry => ServerOf(entry.Name) == server);

    public static string ServerOf(string name) => name[..name.IndexOf('/')];

    private static string OwnName(string name) => name[(name.IndexOf('/') + 1)..];

    private static CatalogTool Tool(string exposed, RegistryEntry entry, bool isOffered, bool withHandles)
    {
        var body = entry.As<ToolBody>();
        var contract = JsonValue.Object(("name", exposed));
        foreach (var text in (string[])["title", "description"])
            if (body.Contract[text] is { IsString: true } value) contract = contract.With(text, value);
        contract = contract.With("inputSchema", body.InputSchema);
        if (body is { OutputSchema: { IsObject: true } schema, Settings.Redact.IsEmpty: true } && (withHandles ? ResultSchema.OrHandle(schema) : schema) is { } output) contract = contract.With("outputSchema", output);
        contract = contract.With("annotations", JsonValue.Object(("readOnlyHint", body.Settings.ReadOnly), ("idempotentHint", body.Settings.Idempotent)));
        return new CatalogTool(exposed, entry, contract, isOffered);
    }

    private static IEnumerable<CatalogPrompt> PromptsOf(RegistryEntry entry, bool ownNames)
    {
        if (entry.As<ToolBody>().Contract["prompts"] is not { IsArray: true } prompts) yield break;
        var server = ServerOf(entry.Name);
        foreach (var prompt in prompts.Items)
        {
            if (prompt["name"]?.StringOrNull() is not { Length: > 0 } name) continue;
            var exposed = ownNames ? name : ToolNames.Name($"{server}/{name}");
            yield return new CatalogPrompt(exposed, name, server, entry, prompt.With("name", exposed));
        }
    }
}

/// <summary>A tool by the name clients see, and its contract as they see it.</summary>
internal sealed record CatalogTool(string Exposed, RegistryEntry Entry, JsonValue Contract, bool IsOffered);

/// <summary>A prompt by the name clients see, with its own name, its server, and the entry its calls are ruled by.</summary>
internal sealed record CatalogPrompt(string Exposed, string Name, string Server, RegistryEntry Entry, JsonValue Contract);
