using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Identity;

public sealed class LocalUserDirectoryTests
{
    private static readonly string Hash = PasswordHash.Create("correct horse", iterations: 1000).ToString();
    private static readonly TenantId Contoso = new("contoso");

    private static readonly JsonValue Document = StrictJson.Parse("""
        {"tenants":{
          "contoso":{"users":{
              "ana":{"name":"Ana","roles":["approver"],"groups":["support"],"password":"HASH"},
              "ben":{"name":"Ben"}},
            "groups":{"sre-leads":["ana","ben"]}},
          "fabrikam":{"users":{"ana":{"name":"Another Ana"}}}}}
        """.Replace("HASH", Hash, StringComparison.Ordinal));

    [Fact]
    public async Task Find_ByTenantAndId_MeetsNoOtherTenant()
    {
        var directory = LocalUserDirectory.Parse(Document);

        Assert.Equal("Ana", directory.Find(Contoso, "ana")!.DisplayName);
        Assert.Equal("Another Ana", directory.Find(new TenantId("fabrikam"), "ana")!.DisplayName);
        Assert.Null(directory.Find(new TenantId("fabrikam"), "ben"));
        Assert.Null(directory.Find(Contoso, "ANA"));
        Assert.Empty(directory.MembersOf(new TenantId("fabrikam"), "sre-leads"));
        Assert.Equal(["sre-leads", "support"], await directory.GroupsOfAsync(Contoso, "ana", TestContext.Current.CancellationToken));
        Assert.Equal(["ana", "ben"], directory.MembersOf(Contoso, "sre-leads").Select(user => user.Id));
        Assert.Equal("user:ben", (await directory.FindUserAsync(Contoso, "ben", TestContext.Current.CancellationToken))!.Subject);
        Assert.Null(await directory.FindUserAsync(Contoso, "eve", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Verify_Password_OnlyTheRightOne()
    {
        var hash = LocalUserDirectory.Parse(Document).Find(Contoso, "ana")!.PasswordHash!;

        Assert.True(hash.Verify("correct horse"));
        Assert.False(hash.Verify("correct horse "));
        Assert.False(hash.Verify(""));
        Assert.False(hash.Verify(new string('x', 2000)));
    }

    [Fact]
    public void Create_SamePasswordTwice_DiffersBySalt() =>
        Assert.NotEqual(PasswordHash.Create("x", 1000).ToString(), PasswordHash.Create("x", 1000).ToString());

    [Fact]
    public void Parse_HashOfAnotherImplementation_Verifies() =>
        Assert.True(PasswordHash.Parse("pbkdf2-sha256$1000$TmFDbC1hbmQtbW9yZQ==$fKhC+rvpwlEOmLyESMhJSHbVWDGjKtrU/0+btKxF/N0=").Verify("Password"));

    [Theory]
    [InlineData("""{"tenants":{"contoso":{"users":{"ana":{"role":["admin"]}}}}}""", "/tenants/contoso/users/ana/role")]
    [InlineData("""{"tenants":{"contoso":{"users":{"ana":{"roles":["root"]}}}}}""", "/tenants/contoso/users/ana/roles")]
    [InlineData("""{"tenants":{"contoso":{"users":{"ana":{},"Ana":{}}}}}""", "/tenants/contoso/users/Ana")]
    [InlineData("""{"tenants":{"contoso":{"users":{"ana":{"password":"secret"}}}}}""", "/tenants/contoso/users/ana/password")]
    [InlineData("""{"tenants":{"contoso":{"users":{"ana":{}},"groups":{"g":["eve"]}}}}""", "/tenants/contoso/groups/g")]
    [InlineData("""{"tenants":{"contoso":{}}}""", "/tenants/contoso/users")]
    [InlineData("""{"users":{}}""", "/users")]
    public void Parse_WrongDocument_ThrowsNamingThePlace(string json, string pointer) =>
        Assert.StartsWith(pointer + ":", Assert.Throws<FormatException>(() => LocalUserDirectory.Parse(StrictJson.Parse(json))).Message, StringComparison.Ordinal);
}
