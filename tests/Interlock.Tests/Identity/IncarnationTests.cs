using Interlock.Core;
using Interlock.Core.Identity;

namespace Interlock.Tests.Identity;

public sealed class IncarnationTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 3, 9, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-03-01T09:00:00Z", true)]
    [InlineData("2026-03-01T09:00:00.1234567Z", true)]
    [InlineData("2026-03-01T10:00:00+01:00", true)]
    [InlineData("2026-03-01T09:00:00", false)]
    [InlineData("2026-03-01", false)]
    [InlineData("yesterday", false)]
    [InlineData("", false)]
    public void Parse_ATimeWithItsOffset_IsOne(string text, bool expected)
    {
        Assert.Equal(expected, Incarnation.Parse(text) is not null);
        if (Incarnation.Parse(text) is { } one) Assert.Equal(one, Incarnation.Parse(one.ToString()));
    }

    [Theory]
    [InlineData(-60, "incarnation-changed")]
    [InlineData(60, null)]
    public async Task Verify_TokenIssuedBeforeTheRestore_IsRefused(int issuedAfter, string? rule)
    {
        var time = new ManualTime(Start.AddSeconds(issuedAfter));
        using var issuer = LocalIssuer.Create("i", time);
        var person = new Principal(new TenantId("contoso"), "ana", PrincipalKind.User, "Ana", [], []);
        var token = issuer.Issue(new LocalTokenRequest(person, TokenClass.Mcp, TimeSpan.FromHours(1)));
        time.Now = Start.AddMinutes(5);
        var result = await issuer.Verifier(TokenClass.Mcp, new Incarnation(Start)).VerifyAsync(token, TestContext.Current.CancellationToken);
        Assert.Equal(rule, (result as TokenResult.Refused)?.Rule);
    }

    [Fact]
    public void Restored_KeysOfADirectory_SayWhen()
    {
        var folder = Directory.CreateTempSubdirectory("interlock-").FullName;
        try
        {
            using (var first = LocalKeys.Open(folder, TimeProvider.System)) Assert.Equal(Incarnation.First, first.Incarnation);
            var since = LocalKeys.Restored(folder, new ManualTime(Start));
            using (var second = LocalKeys.Open(folder, TimeProvider.System)) Assert.Equal(since, second.Incarnation);
            LocalKeys.Restored(folder, new ManualTime(Start.AddDays(1)));
            using var third = LocalKeys.Open(folder, TimeProvider.System);
            Assert.Equal(Start.AddDays(1), third.Incarnation.Since);
            File.WriteAllText(Path.Combine(folder, "keys", "restored"), "once");
            Assert.Throws<InvalidDataException>(() => LocalKeys.Open(folder, TimeProvider.System));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
