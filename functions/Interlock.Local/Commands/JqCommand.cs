using System.CommandLine;
using System.Text;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Local.Commands;

/// <summary>
/// <c>interlock jq PROGRAM [FILE]</c>: evaluates the program as expressions of a workflow are, on each JSON text of the file or of standard
/// input, and prints one compact result a line. Exit 5 after an error, which ends that input only, and where the input is no JSON; 3 for what is no
/// program; 2 for none at all and for a file that is not there; what <c>halt_error</c> asks for.
/// </summary>
internal static class JqCommand
{
    private const int ProgramError = 5;
    private const int CompileError = 3;

    public static Command Create()
    {
        var program = new Argument<string?>("PROGRAM") { Description = "The jq program.", Arity = ArgumentArity.ZeroOrOne };
        var file = new Argument<string?>("FILE") { Description = "A file of JSON texts. Default: standard input.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("jq", "Evaluate a jq program as a workflow's expressions are evaluated.") { program, file };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(program), parsed.GetValue(file), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string? source, string? file, CancellationToken cancellationToken)
    {
        if (source is null)
        {
            Console.Error.WriteLine("jq: error: a PROGRAM is needed; '.' is the simplest.");
            return Output.Usage;
        }
        if (OptionText.IsOne(source))
        {
            Console.Error.WriteLine($"jq: error: {OptionText.Unknown(source)} Results are printed compact, one a line; a program that begins like one stands in parentheses.");
            return Output.Usage;
        }
        JqProgram program;
        try
        {
            program = JqProgram.Parse(source, keepsNumbers: true);
        }
        catch (JqSyntaxException e)
        {
            Console.Error.WriteLine(Output.Plain($"jq: error: {e.Message}:"));
            Console.Error.WriteLine(Output.Plain($"    {source.Split('\n')[e.Line - 1].TrimEnd('\r')}"));
            Console.Error.WriteLine($"    {new string(' ', e.Column - 1)}^");
            return CompileError;
        }
        if (file is not null && !File.Exists(file))
        {
            Console.Error.WriteLine(Output.Plain($"jq: error: Could not open {file}: there is no such file"));
            return Output.Usage;
        }
        await using var stream = file is null ? Console.OpenStandardInput() : File.OpenRead(file);
        using var reader = new StreamReader(stream, new UTF8Encoding(false));
        return Run(program, await reader.ReadToEndAsync(cancellationToken));
    }

    private static int Run(JqProgram program, string text)
    {
        using var results = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        var scope = JqScope.Empty with { Now = TimeProvider.System.GetUtcNow() };
        var exit = Output.Ok;
        try
        {
            foreach (var input in JqJson.Read(text))
            {
                if (Evaluate(program, input, scope, results) is not { } end) continue;
                exit = end.Exit;
                results.Flush();
                if (end.Message is { } message) Console.Error.WriteLine(Output.Plain(message));
                if (end.Halts) break;
            }
            return exit;
        }
        catch (FormatException e)
        {
            results.Flush();
            Console.Error.WriteLine(Output.Plain($"jq: parse error: {e.Message}"));
            return ProgramError;
        }
    }

    /// <summary>How it ended, when not by having no more results.</summary>
    private static End? Evaluate(JqProgram program, JsonValue input, JqScope scope, StreamWriter results)
    {
        try
        {
            foreach (var result in program.Evaluate(input, scope)) results.Write(JqJson.Write(result) + "\n");
            return null;
        }
        catch (JqException e) when (e.ExitCode is { } code)
        {
            return new End(code, e.Value.IsNull ? null : e.Message, Halts: true);
        }
        catch (Exception e) when (e is JqException or JqLimitException)
        {
            return new End(ProgramError, $"jq: error: {e.Message}", Halts: false);
        }
    }

    private sealed record End(int Exit, string? Message, bool Halts);
}
