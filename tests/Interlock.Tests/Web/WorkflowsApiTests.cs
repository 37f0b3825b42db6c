using System.Net;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Web;

/// <summary>Publishing with the report of readiness, checking without publishing, and the schema.</summary>
public sealed class WorkflowsApiTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Ready = """
        document: { dsl: 1.0.3, namespace: test, name: reported, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        timeout: { after: { hours: 1 } }
        do:
          - say: { call: tool, with: { tool: stub/echo, arguments: { text: hello } } }
          - miss: { call: tool, with: { tool: stub/eco } }
        """;

    [Fact]
    public async Task Publish_ReadyDocument_KeepsTheReportWithTheVersion()
    {
        var (published, _, _) = await web.ApiAsync("POST", "/api/workflows", web.Token("dana"), Ready, "text/yaml");
        var (again, _, _) = await web.ApiAsync("POST", "/api/workflows", web.Token("dana"), "# again\n" + Ready, "text/yaml");
        var (_, body, _) = await web.ApiAsync("GET", "/api/workflows/test/reported", web.Token("dana"));

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (published, again));
        var report = body["readiness"]!;
        Assert.True(report["passed"]!.AsBoolean());
        Assert.Equal(["gates", "deprecation", "audit", "on-error-on-timeout", "pools"], report["answers"]!.Items.Select(answer => answer["id"]!.AsString()));
        var known = report["answers"]![1]!["evidence"]!.Items;
        Assert.Contains(known, one => one["line"]!.AsNumber() == 5 && one["reason"]!.AsString().Contains("There is no tool 'stub/eco'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(", onError: fail, onTimeout: fail", "", "on-error-on-timeout")]
    [InlineData("  - say:", "  - gate: { call: approval, with: { title: t, approvers: [ { group: nobodies } ], expiresAfter: PT1H } }\n  - say:", "gates")]
    public async Task Publish_NotReady_IsRefusedWithTheReport(string from, string to, string failed)
    {
        var text = Ready.Replace("reported", "refused", StringComparison.Ordinal).Replace(from, to, StringComparison.Ordinal);

        var (status, body, _) = await web.ApiAsync("POST", "/api/workflows", web.Token("dana"), text, "text/yaml");
        var (missing, _, _) = await web.ApiAsync("GET", "/api/workflows/test/refused", web.Token("dana"));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.NotFound), (status, missing));
        Assert.Equal([failed], body["readiness"]!["answers"]!.Items.Where(answer => !answer["passed"]!.AsBoolean()).Select(answer => answer["id"]!.AsString()));
    }

    [Fact]
    public async Task Check_PublishesNothing()
    {
        var (status, body, _) = await web.ApiAsync("POST", "/api/workflows/check", web.Token("dana"), Ready.Replace("reported", "tried", StringComparison.Ordinal), "text/yaml");
        var (missing, _, _) = await web.ApiAsync("GET", "/api/workflows/test/tried", web.Token("dana"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (status, missing));
        Assert.Equal("target", Assert.Single(body["findings"]!.Items)["rule"]!.AsString());
        Assert.True(body["readiness"]!["passed"]!.AsBoolean());
    }

    [Fact]
    public async Task Schema_IsServedToAnybody()
    {
        var (status, body, _) = await web.ApiAsync("GET", "/schemas/workflow.json", null);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(WorkflowCheck.Schema, body);
    }
}
