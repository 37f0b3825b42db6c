using System.Collections.Immutable;

namespace Interlock.Http.Pages.Review;

/// <summary>
/// What a person sent with one of the page's forms and why it was not taken: the form comes back with both. <see cref="Form"/> is the decision it asked
/// for.
/// </summary>
internal sealed record Draft(string Form, FormFields Fields)
{
    public static Draft None { get; } = new("", FormFields.None);

    public ImmutableArray<FieldError> Errors { get; init; } = [];

    /// <summary>What the desk said.</summary>
    public string? Notice { get; init; }

    public IEnumerable<FieldError> ErrorsOf(string field) => Errors.Where(error => error.Field == field);

    public Draft With(string field, string message) => this with { Errors = Errors.Add(new FieldError(field, message)) };
}

/// <summary>What is wrong with a field.</summary>
internal sealed record FieldError(string Field, string Message);
