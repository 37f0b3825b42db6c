namespace Interlock.Json.Jq;

/// <summary>
/// A parsed jq 1.8 program: immutable, and safe to evaluate from several threads at once. Nothing in it reaches outside:
/// no environment, files, further inputs or modules; the time is <see cref="JqScope.Now"/>.
/// </summary>
public sealed class JqProgram
{
    private readonly Node _program;

    private readonly bool _keepsNumbers;
    private readonly RegexCache _regexes = new();

    private JqProgram(string source, Node program, JqReferences references, bool keepsNumbers) =>
        (Source, _program, References, _keepsNumbers) = (source, program, references, keepsNumbers);

    public string Source { get; }

    /// <summary>What the program reads, found without running it.</summary>
    public JqReferences References { get; }

    /// <param name="source">The program text.</param>
    /// <param name="globals">Names (without <c>$</c>) of the variables every scope will supply.</param>
    /// <param name="keepsNumbers">
    /// Whether numbers the program writes, or reads from texts, keep their digits until something is computed with them, as in jq: 1.0 and
    /// 100000000000000000001. Otherwise every number is a double.
    /// </param>
    /// <exception cref="JqSyntaxException">The text is no program, or names what is not defined or not allowed.</exception>
    public static JqProgram Parse(string source, IEnumerable<string>? globals = null, bool keepsNumbers = false)
    {
        var names = (globals ?? []).ToHashSet(StringComparer.Ordinal);
        var program = JqParser.Program(source, names, JqBuiltins.All, keepsNumbers);
        return new JqProgram(source, program, ReadAnalysis.Of(program, names), keepsNumbers);
    }

    /// <summary>The outputs, computed one by one as they are asked for. Each enumeration is an evaluation of its own.</summary>
    /// <exception cref="JqException">The program raised an error and did not catch it.</exception>
    /// <exception cref="JqLimitException">The program went over one of the scope's limits.</exception>
    /// <exception cref="ArgumentException">The scope lacks a variable that was declared as global.</exception>
    public IEnumerable<JsonValue> Evaluate(JsonValue input, JqScope scope) => JqMachine.Run(_program, input, scope, _keepsNumbers, _regexes);
}
