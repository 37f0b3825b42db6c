using Interlock.Core.Workflows.Reading;
using Interlock.Json;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Standard;

/// <summary>
/// One case of the standard in our own words: a document without header, its input, the events it hears, and what must come of it, or the reason for which it is refused. Its name
/// is that of the specification's scenario (folder <c>Features</c>) or example document (<c>Examples</c>).
/// </summary>
internal sealed record StandardCase(string Name, JsonValue Source)
{
    private static readonly JsonValue _header = JsonValue.Object(("dsl", "1.0.3"), ("namespace", "standard"), ("name", "case"), ("version", "1.0.0"));

    public JsonValue Document => Source["document"]!.With("document", _header); // every case has one

    public JsonValue Input => Source["with"] ?? JsonValue.EmptyObject;

    public IEnumerable<JsonValue> Events => Source["events"]?.Items.AsEnumerable() ?? [];

    /// <summary>How much time passes while nothing else is waited for, as a DSL duration.</summary>
    public JsonValue? Passes => Source["passes"];

    /// <summary>Another workflow that must be there, as a list of tasks, under the name in its header.</summary>
    public JsonValue? Beside => Source["beside"];

    /// <summary>The tasks that ran, in order; null where the case does not say.</summary>
    public string[]? Trail => Source["trail"]?.Items.Select(name => name.AsString()).ToArray();

    public JsonValue? Gives => Source["gives"];

    public JsonValue? Refused => Source["refused"];

    public static IReadOnlyDictionary<string, StandardCase> Read(string folder) => Directory.GetFiles(Path.Combine(Assemblies.Repository, "tests", "Interlock.Tests", "Standard", folder), "*.yaml")
        .SelectMany(file => YamlReader.Read(File.ReadAllText(file)).Value.Items)
        .ToDictionary(source => source["name"]!.AsString(), source => new StandardCase(source["name"]!.AsString(), source), StringComparer.Ordinal); // every case has one
}
