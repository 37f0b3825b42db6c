using System.Diagnostics;
using System.Text;
using Interlock.Json;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Jq;

/// <summary>jq itself, of the npm packages in <c>.tools/jq</c>: one node process for all cases.</summary>
internal static class JqReference
{
    /// <summary>jq 1.8.2, whose answers the corpus records.</summary>
    public const string Release = "jq-wasm";

    /// <summary>A build of jq between 1.7 and 1.8. What was printed before an error, and the message, are not to be had of it.</summary>
    public const string Older = "jq-web";

    /// <summary>What it answers to each case, in order.</summary>
    public static async Task<IReadOnlyList<JqAnswer>> AnswerAsync(string package, IReadOnlyList<(string Program, string Input)> cases)
    {
        var folder = Tools.Folder("jq");
        var start = new ProcessStartInfo(Tools.Program("node"), [Path.Combine(Assemblies.Repository, "tests", "Interlock.Tests", "Jq", "reference.cjs"), folder, package])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var node = Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
        var output = node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        foreach (var (program, input) in cases)
            await node.StandardInput.WriteLineAsync(JsonValue.Object(("program", program), ("input", input)).ToString());
        node.StandardInput.Close();
        var answers = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(answers.Length == cases.Count, $"{package} answered {answers.Length} of {cases.Count} cases. {await errors}");
        return [.. answers.Select(answer => JqAnswer.Read(StrictJson.ParseLenient(answer)))];
    }
}
