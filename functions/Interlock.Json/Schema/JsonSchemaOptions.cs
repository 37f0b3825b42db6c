namespace Interlock.Json.Schema;

/// <summary>How a schema is compiled and how much work one validation may do. Limits count things, never time.</summary>
public sealed record JsonSchemaOptions
{
    /// <summary>Formats are assertions: how Interlock reads the contracts of tools and workflows.</summary>
    public static JsonSchemaOptions Asserting { get; } = new() { AssertFormats = true };

    /// <summary>Schemas that references may reach, by absolute URI without fragment. Nothing is ever fetched.</summary>
    public IReadOnlyDictionary<string, JsonValue> Remotes { get; init; } = new Dictionary<string, JsonValue>();

    /// <summary>
    /// Whether <c>format</c> is an assertion everywhere, and not only under a meta-schema that requires the vocabulary format-assertion. Formats
    /// this library does not know assert nothing.
    /// </summary>
    public bool AssertFormats { get; init; }

    /// <summary>The most errors one validation reports.</summary>
    public int MaxErrors { get; init; } = 32;

    /// <summary>How deep schemas may nest in each other while one instance is validated, and in a schema document.</summary>
    public int MaxDepth { get; init; } = 1024;

    /// <summary>How many schema applications one validation may take, so that a schema cannot ask for exponential work.</summary>
    public int MaxSteps { get; init; } = 5_000_000;

    /// <summary>How large the automata of all patterns may be together, in states, so that a schema compiles in bounded time; each pattern counts 100 more.</summary>
    public int MaxPatternSize { get; init; } = 100_000;
}
