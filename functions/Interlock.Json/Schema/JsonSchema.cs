namespace Interlock.Json.Schema;

/// <summary>
/// A compiled JSON Schema, draft 2020-12 (the default), 2019-09, -07 or -06, chosen by <c>$schema</c>. Compile once, validate many
/// times from any thread. Work is bounded by <see cref="JsonSchemaOptions"/>; past a bound the instance counts as invalid
/// and the error says which bound. Sources: draft-bhutton-json-schema-01, draft-bhutton-json-schema-validation-01.
/// </summary>
public sealed class JsonSchema
{
    private readonly JsonSchemaOptions _options;
    private readonly SchemaNode _root;
    private readonly bool _dynamic;

    private JsonSchema(SchemaLibrary library, JsonSchemaOptions options)
    {
        var compiler = new SchemaCompiler(library, options);
        (_options, Library) = (options, library);
        _root = compiler.Compile(library.Root.Place);
        _dynamic = compiler.IsDynamic;
        PatternSize = compiler.PatternSize;
    }

    /// <summary>What the schema takes of <see cref="JsonSchemaOptions.MaxPatternSize"/>, for a limit on several schemas together.</summary>
    public int PatternSize { get; }

    internal SchemaLibrary Library { get; }

    /// <exception cref="JsonSchemaException">The schema cannot be compiled; says what is wrong and where.</exception>
    public static JsonSchema Compile(JsonValue schema, JsonSchemaOptions? options = null)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxErrors, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDepth, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxSteps, 1, nameof(options));
        return new(new SchemaLibrary(schema, options), options);
    }

    /// <summary>Why the instance is invalid, most relevant first; empty when it is valid.</summary>
    public IReadOnlyList<SchemaError> Validate(JsonValue instance)
    {
        if (IsValid(instance)) return [];
        var run = new Evaluation(_options, _dynamic, collecting: true);
        run.Apply(_root, instance, null);
        var errors = run.Errors.DistinctBy(error => (error.InstanceLocation, error.Message)).ToList();
        if (run.Halted is not { } why) return errors;
        var limit = new SchemaError(run.HaltedAt, "", "", why);
        return [.. errors.Take(_options.MaxErrors - 1), limit];
    }

    /// <summary>Whether the instance is valid; stops at the first failure and allocates next to nothing.</summary>
    public bool IsValid(JsonValue instance)
    {
        var run = new Evaluation(_options, _dynamic, collecting: false);
        return run.Apply(_root, instance, null) && run.Halted is null;
    }
}
