using System.Net;
using Interlock.Core.Identity;
using Interlock.Http.Api;

namespace Interlock.Tests.Web;

/// <summary>Who may do what through the API: every route, every role, every class of token. A route without a row here fails, and so does a row without its route.</summary>
public sealed class RolesMatrixTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Anybody = "*";
    private const string Public = "public";
    private const string Nobody = "nobody";

    private static readonly Dictionary<string, string> _rows = new(StringComparer.Ordinal)
    {
        ["POST /api/events"] = "event-source operator",
        ["OPTIONS /api/events"] = Public,
        ["POST /api/workflows"] = "author publisher",
        ["POST /api/workflows/check"] = "author publisher",
        ["GET /api/workflows"] = Anybody,
        ["GET /api/workflows/{ns}/{name}"] = Anybody,
        ["POST /api/runs"] = Anybody,
        ["GET /api/runs"] = Anybody,
        ["GET /api/runs/{id}"] = Anybody,
        ["GET /api/runs/{id}/events"] = Anybody,
        ["POST /api/runs/{id}/cancel"] = "operator",
        ["POST /api/runs/{id}/suspend"] = "operator",
        ["POST /api/runs/{id}/resume"] = "operator",
        ["POST /api/runs/{id}/effects/{effect}"] = "operator",
        ["GET /api/approvals"] = Anybody,
        ["GET /api/approvals/rates"] = "author publisher operator approver auditor admin",
        ["GET /api/approvals/{id}"] = Anybody,
        ["POST /api/approvals/{id}/decisions"] = Nobody,
        ["GET /api/registry"] = Anybody,
        ["POST /api/registry/servers"] = "admin",
        ["GET /api/registry/tools/{server}/{tool}/diff"] = Anybody,
        ["POST /api/registry/agents"] = "admin",
        ["POST /api/registry/lifecycle"] = "operator admin",
        ["GET /api/policy"] = Anybody,
        ["PUT /api/policy"] = "admin",
        ["GET /api/routes"] = "operator admin auditor author publisher",
        ["PUT /api/routes/{name}"] = "admin",
        ["GET /api/routes/explain"] = "operator admin auditor author publisher",
        ["GET /api/locks"] = "author publisher operator approver auditor admin",
        ["GET /api/servers"] = "operator admin auditor",
        ["GET /api/quotas"] = Anybody,
        ["PUT /api/quotas"] = "admin",
        ["GET /api/break-glass"] = "operator auditor admin",
        ["GET /api/usage"] = "auditor admin",
        ["GET /api/agents/{name}/history"] = "operator auditor admin author publisher",
        ["GET /api/artifacts/{id}"] = Anybody,
        ["GET /api/audit/export"] = "auditor",
        ["GET /api/audit/runs/{id}"] = "auditor",
        ["GET /api/openapi.json"] = Public,
        ["GET /schemas/workflow.json"] = Public,
        ["GET /healthz"] = Public,
    };

    private static readonly string[] _refusals = ["role-required", "token-class", "token-missing", "interactive-session-required"];

    public static TheoryData<string> Callers => ["", "author", "publisher", "operator", "approver", "auditor", "admin", "event-source", "an-unknown-role"];

    [Fact]
    public void EveryRoute_HasARow() => Assert.Equal(_rows.Keys.Order(StringComparer.Ordinal), ApiRoutes.All.Select(Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Callers))]
    public async Task ApiToken_OfARole_OpensItsRoutesOnly(string role)
    {
        var token = Issue(role, TokenClass.Api, role == "event-source" ? PrincipalKind.Application : PrincipalKind.User);
        foreach (var route in ApiRoutes.All)
        {
            var row = _rows[Name(route)];
            var expected = row switch
            {
                Anybody or Public => null,
                Nobody => "interactive-session-required",
                _ => row.Split(' ').Contains(role) ? null : "role-required",
            };
            var (status, rule) = await SendAsync(route, token);
            Assert.Equal((Name(route), expected), (Name(route), _refusals.Contains(rule) ? rule : null));
            Assert.Equal((Name(route), expected is not null), (Name(route), status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden));
        }
    }

    [Fact]
    public async Task TokensOfOtherClasses_OpenNothing()
    {
        var run = new RunTokenClaims(WebFixture.Tenant, new(new string('a', 32)), new("/do/0/x"), [new("stub/echo")]);
        string[] tokens = [Issue("admin operator auditor author", TokenClass.Mcp, PrincipalKind.User), Issue("admin operator auditor author", TokenClass.Run, PrincipalKind.User, run), Issue("admin", TokenClass.Run, PrincipalKind.Agent, run)];
        foreach (var token in tokens)
            foreach (var route in ApiRoutes.All)
                Assert.Equal((Name(route), route.IsPublic ? default : (HttpStatusCode.Forbidden, "token-class")), (Name(route), await SendAsync(route, token) is var sent && route.IsPublic ? default : sent));
    }

    [Fact]
    public async Task CookiesOfAnAdministrator_OpenNothing()
    {
        using var dana = await Browser.SignedInAsync(web, "dana");
        foreach (var route in ApiRoutes.All.Where(route => !route.IsPublic && route.Method == "GET"))
            Assert.Equal((Name(route), HttpStatusCode.Unauthorized), (Name(route), (await dana.GetAsync(Concrete(route.Path))).Status));
    }

    private async Task<(HttpStatusCode Status, string? Rule)> SendAsync(ApiRoute route, string token)
    {
        var (status, body, _) = await web.ApiAsync(route.Method, Concrete(route.Path), token, route.Body is null ? null : "{}", route.Body?.MediaTypes[0] ?? "application/json");
        return (status, body.IsObject ? body["rule"]?.StringOrNull() : null);
    }

    private string Issue(string roles, TokenClass face, PrincipalKind kind, RunTokenClaims? run = null)
    {
        var holder = new Principal(WebFixture.Tenant, "rolf", kind, "Rolf", [], [.. roles.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        return web.Services.Keys.Issuer.Issue(new LocalTokenRequest(holder, face, TimeSpan.FromMinutes(5), run));
    }

    private static string Name(ApiRoute route) => $"{route.Method} {route.Path}";

    private static string Concrete(string path) => string.Join('/', path.Split('/').Select(part => part is "{id}" or "{effect}" ? new string('0', 32) : part.StartsWith('{') ? "none" : part));
}
