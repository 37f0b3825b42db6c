using System.Globalization;
using System.Text;
using Interlock.Json;
using Interlock.Json.Schema;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Schema;

/// <summary>
/// The JSON Schema project's own suite, at the commit that <c>.ci/tools</c> names. It is no package: where its repository can't be reached these tests are
/// skipped, and <see cref="KeywordCaseTests"/> stand alone.
/// </summary>
public sealed class OfficialSuiteTests(ITestOutputHelper output)
{
    private static readonly string Folder = Path.Combine(Assemblies.Repository, ".tools", "json-schema-suite");

    /// <summary>The counts keep the test from running nothing.</summary>
    [Theory]
    [InlineData("draft2020-12", "https://json-schema.org/draft/2020-12/schema", 1299)]
    [InlineData("draft2019-09", "https://json-schema.org/draft/2019-09/schema", 1259)]
    [InlineData("draft7", "http://json-schema.org/draft-07/schema#", 927)]
    [InlineData("draft6", "http://json-schema.org/draft-06/schema#", 839)]
    public void Validate_RequiredTests_AllPass(string draft, string dialect, int count)
    {
        var results = Files(draft).Where(file => !file.Contains("optional", StringComparison.Ordinal)).SelectMany(file => Run(draft, file, dialect)).ToList();

        Assert.Empty(results.Where(result => !result.Passed).Select(result => result.Name));
        Assert.Equal(count, results.Count);
    }

    /// <summary>Those of <c>format/</c> with formats asserted; the counts by file are in the test's output.</summary>
    [Fact]
    public void Validate_OptionalTests_AllPass()
    {
        var failed = new List<string>();
        var report = new StringBuilder();
        var count = 0;
        foreach (var file in Files("draft2020-12").Where(file => file.Contains("optional", StringComparison.Ordinal)))
        {
            var results = Run("draft2020-12", file, "https://json-schema.org/draft/2020-12/schema").ToList();
            count += results.Count;
            failed.AddRange(results.Where(result => !result.Passed).Select(result => result.Name));
            report.AppendLine(CultureInfo.InvariantCulture, $"{file}: {results.Count(result => result.Passed)} of {results.Count}");
        }
        output.WriteLine(report.ToString());

        Assert.Empty(failed);
        Assert.Equal(926, count);
    }

    private static IEnumerable<(string Name, bool Passed)> Run(string draft, string file, string dialect)
    {
        var options = new JsonSchemaOptions { Remotes = Remotes(), AssertFormats = file.Contains("format/", StringComparison.Ordinal) };
        foreach (var group in StrictJson.ParseLenient(File.ReadAllBytes(Path.Combine(Folder, "tests", draft, file))).Items)
        {
            var schema = group["schema"]!; // as the suite's own schema says; and so below
            if (schema.IsObject && schema["$schema"] is null && draft != "draft2020-12") schema = schema.With("$schema", dialect);
            var compiled = JsonSchema.Compile(schema, options);
            foreach (var test in group["tests"]!.Items)
            {
                var valid = test["valid"]!.AsBoolean();
                var passed = compiled.IsValid(test["data"]!) == valid && compiled.Validate(test["data"]!).Count == 0 == valid;
                yield return ($"{file}: {group["description"]!.AsString()}: {test["description"]!.AsString()}", passed);
            }
        }
    }

    private static IEnumerable<string> Files(string draft)
    {
        var folder = Path.Combine(Folder, "tests", draft);
        if (!Directory.Exists(folder)) Assert.Skip(".tools/json-schema-suite is not there: run .ci/tools where github.com can be reached");
        return Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal);
    }

    private static Dictionary<string, JsonValue> Remotes()
    {
        var folder = Path.Combine(Folder, "remotes");
        return Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories).ToDictionary(
            file => "http://localhost:1234/" + Path.GetRelativePath(folder, file).Replace('\\', '/'), file => StrictJson.ParseLenient(File.ReadAllBytes(file)));
    }
}
