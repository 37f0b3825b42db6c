using System.Text.Json;
using Interlock.Core;
using Interlock.Http.Mcp;
using ModelContextProtocol.Protocol;

namespace Interlock.Tests.Web;

/// <summary>What of a problem clients are sent: those that check results against a tool's output schema do so with errors too.</summary>
public sealed class CallResultsTests
{
    private static readonly Problem Waits = new(ProblemTypes.Refused, 403, "The call waits", "For people.") { Stage = "authorize", Rule = "grant-required" };

    [Fact]
    public void Fit_ProblemOfToolWithOutputSchema_IsNotInWhatTheSchemaIsAbout()
    {
        var tool = new Tool { Name = "pay", OutputSchema = JsonSerializer.Deserialize<JsonElement>("""{ "type": "object", "required": ["payment"] }""") };
        var result = CallResults.Fit(tool, CallResults.Of(Waits));
        Assert.Null(result.StructuredContent);
        Assert.Equal("grant-required", result.Meta!["interlock/problem"]!["rule"]!.GetValue<string>());
        Assert.Contains("grant-required", Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_ProblemOfToolWithoutOutputSchema_StaysStructured() =>
        Assert.Equal("grant-required", CallResults.Fit(new Tool { Name = "pay" }, CallResults.Of(Waits)).StructuredContent!.Value.GetProperty("rule").GetString());
}
