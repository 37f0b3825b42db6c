using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;

namespace Interlock.Tests.Web;

public sealed class VisibilityTests
{
    [Theory]
    [InlineData("auditor", true)]
    [InlineData("event-source", false)]
    [InlineData("Tools.Call", false)]
    [InlineData("Auditor", false)]
    public void HasAnyRole_OnlyRolesOfPeople_Count(string role, bool counts) =>
        Assert.Equal(counts, Visibility.HasAnyRole(new Principal(new TenantId("local"), "x", PrincipalKind.Application, "x", [], [role])));

    [Fact]
    public void HasAnyRole_WithoutRoles_IsFalse() =>
        Assert.False(Visibility.HasAnyRole(new Principal(new TenantId("local"), "x", PrincipalKind.User, "x", [], default)));
}
