using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>
/// Tools of Interlock itself, for runs: resolved, ruled, recorded and limited as any other, without a row in the registry. The name is reserved, so no registration stands in their place.
/// They are no part of what is refreshed or checked, and listed only for agents that work for a run.
/// </summary>
public static class BuiltinServer
{
    public const string Name = "interlock";
    public const string Get = "blackboard_get";
    public const string Put = "blackboard_put";
    public const string List = "blackboard_list";

    private const string Version = "1.0.0";

    /// <summary>A value and its version in one answer.</summary>
    private const int LargestResult = 128 * 1024;

    private const string Key = """{ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$" }""";

    private static readonly ServerBody Server = new(new Uri("interlock:builtin"), "interlock:builtin");

    private static readonly ImmutableDictionary<(RegistryKind, string), RegistryEntry> Entries = new[]
    {
        RegistryEntry.Create(RegistryKind.Server, Name, Version, Lifecycle.Active, Server, Name, DateTimeOffset.UnixEpoch),
        Tool(Get, "Reads a value of this run's blackboard: { found, value, version }.", $$"""{ "type": "object", "required": ["key"], "additionalProperties": false, "properties": { "key": {{Key}} } }""", readOnly: true),
        Tool(
            Put,
            "Writes a value of this run's blackboard. With expected (the version that was read, 0 for none) only if nobody wrote since: { written, version }, and with written false the value that stands.",
            $$"""{ "type": "object", "required": ["key", "value"], "additionalProperties": false, "properties": { "key": {{Key}}, "value": {}, "expected": { "type": "integer", "minimum": 0 } } }""",
            readOnly: false),
        Tool(List, "The keys of this run's blackboard, with versions and sizes.", """{ "type": "object", "additionalProperties": false, "properties": { "prefix": { "type": "string", "maxLength": 128 } } }""", readOnly: true),
    }.ToImmutableDictionary(entry => (entry.Kind, entry.Name));

    /// <summary>For lists of those who work for a run.</summary>
    public static IEnumerable<RegistryEntry> Tools => Entries.Values.Where(entry => entry.Kind == RegistryKind.Tool);

    public static RegistryEntry? Find(RegistryKind kind, string name) => Entries.GetValueOrDefault((kind, name));

    public static bool Is(ServerBody server) => server.RegistrationId == Server.RegistrationId;

    /// <summary>The operator's word is ours: reading changes nothing, and a put is known by its idempotency key.</summary>
    private static RegistryEntry Tool(string name, string description, string schema, bool readOnly)
    {
        var input = StrictJson.Parse(schema);
        var contract = JsonValue.Object(("name", name), ("description", description), ("inputSchema", input));
        var body = new ToolBody(contract, CanonicalJson.Digest(contract), input) { Settings = new ToolSettings { ReadOnly = readOnly, Idempotent = true, MaxResultBytes = LargestResult } };
        return RegistryEntry.Create(RegistryKind.Tool, $"{Name}/{name}", Version, Lifecycle.Active, body, Name, DateTimeOffset.UnixEpoch);
    }
}
