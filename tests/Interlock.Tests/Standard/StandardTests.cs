using Interlock.Core.Runs;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Tests.Standard;

/// <summary>
/// The scenarios of the specification's conformance features and its example documents, in our own words and under their names, through the embedded host. Where a case is
/// refused, the check names what is not run. With INTERLOCK_STANDARD_EXAMPLES=FOLDER the specification's own documents there run beside, under the same input and events.
/// </summary>
public sealed class StandardTests(StandardHost host) : IClassFixture<StandardHost>
{
    private const string Trail = "${ $context + { trail: (($context.trail // []) + [ $task.name ]) } }";

    private static readonly IReadOnlyDictionary<string, StandardCase> _features = StandardCase.Read("Features");
    private static readonly IReadOnlyDictionary<string, StandardCase> _examples = StandardCase.Read("Examples");

    public static TheoryData<string> Features => [.. _features.Keys];

    public static TheoryData<string> Examples => [.. _examples.Keys];

    [Fact]
    public void Cases_AreAsManyAsTheSpecificationHas() => Assert.Equal((21, 66), (_features.Count, _examples.Count));

    [Theory]
    [MemberData(nameof(Features))]
    public Task Scenario_Runs_OrIsRefusedForItsReason(string name) => HoldsAsync(_features[name]);

    [Theory]
    [MemberData(nameof(Examples))]
    public Task Example_Runs_OrIsRefusedForItsReason(string name) => HoldsAsync(_examples[name]);

    [Fact]
    public async Task OriginalExamples_EndAsOurs()
    {
        if (Environment.GetEnvironmentVariable("INTERLOCK_STANDARD_EXAMPLES") is not { } folder)
        {
            Assert.Skip("INTERLOCK_STANDARD_EXAMPLES names no folder with the specification's examples");
            return;
        }
        var others = new List<string>();
        foreach (var (name, one) in _examples)
        {
            var (refused, end) = await host.RunAsync(one, YamlReader.Read(File.ReadAllText(Path.Combine(folder, name + ".yaml"))).Value, "-original");
            var expected = one.Source["spec"]?["ends"]?.AsString() ?? (one.Refused is not null ? "refused" : one.Gives!["error"] is null ? "completed" : "faulted"); // a case is refused or gives something
            var (ended, said) = (end?.Status.Text() ?? "refused", string.Join("; ", refused.Select(finding => $"{finding.Pointer} {finding.Rule}: {finding.Message}")));
            var isSaid = one.Refused is not { } reason || refused.Any(finding => finding.Message.Contains(reason["says"]!.AsString(), StringComparison.Ordinal)); // a refusal says why
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {ended} {said}{end?.Error?.ToJson()}");
            if (expected != ended || !isSaid) others.Add($"{name} is to be {expected}, and was {ended}: {said} {end?.Error?.ToJson()}");
        }
        Assert.Empty(others);
    }

    private async Task HoldsAsync(StandardCase one)
    {
        var (refused, end) = await host.RunAsync(one, one.Trail is null ? one.Document : Trailed(one.Document));
        if (one.Refused is { } reason)
        {
            Assert.Contains(refused, finding =>
                (reason["rule"] is null || finding.Rule == reason["rule"]!.AsString()) && (reason["at"] is null || finding.Pointer == reason["at"]!.AsString())
                && finding.Message.Contains(reason["says"]!.AsString(), StringComparison.Ordinal)); // a refusal says why
            return;
        }
        Assert.Empty(refused);
        Assert.NotNull(end);
        var gives = one.Gives!; // as it is not refused
        if (gives["error"] is { } error)
        {
            Assert.Equal(RunStatus.Faulted, end.Status);
            Assert.All(error.Members, member => Assert.Equal(member.Value, end.Error!.ToJson()[member.Key])); // a faulted run has one
            return;
        }
        Assert.True(end.Status == RunStatus.Completed, end.Error?.ToJson().ToString());
        var output = end.Output!; // a completed run has one
        if (one.Trail is { } trail)
        {
            Assert.Equal(trail, output["trail"]!.Items.Select(name => name.AsString()));
            output = output["output"]!;
        }
        if (gives["output"] is { } whole) Assert.Equal(whole, output);
        foreach (var member in gives["members"]?.Items.AsEnumerable() ?? []) Assert.NotNull(At(output, member.AsString()));
        foreach (var (path, value) in gives["values"]?.Members.AsEnumerable() ?? []) Assert.Equal(value, At(output, path));
        foreach (var (path, count) in gives["count"]?.Members.AsEnumerable() ?? []) Assert.Equal(count.AsNumber(), At(output, path)!.Count);
    }

    private static JsonValue? At(JsonValue value, string path) => path.Split('.').Aggregate((JsonValue?)value, (here, name) => here?[name]);

    /// <summary>The document with tasks that note their names, and the notes beside its output.</summary>
    private static JsonValue Trailed(JsonValue document) => document
        .With("do", JsonValue.Array(document["do"]!.Items.Select(item => JsonValue.Object(item.Members.Select(task => KeyValuePair.Create(task.Key, task.Value.With("export", JsonValue.Object(("as", Trail)))))))))
        .With("output", JsonValue.Object(("as", "{ output: ., trail: $context.trail }")));
}
