import { ApiProperty } from '@nestjs/swagger';

/** The documents of the login routes: `/openapi.json` is generated from these and the controller. */

export class LoginBody {
  @ApiProperty({ description: 'What `wx.login`, or the redirect back from WeChat, gave.', minLength: 1 })
  code!: string;
}

export class SessionAnswer {
  @ApiProperty()
  openid!: string;

  @ApiProperty({ description: 'Secret: for this backend alone, never for the mini program.' })
  session_key!: string;

  @ApiProperty({ required: false, description: 'Where the app is bound to an open-platform account.' })
  unionid?: string;
}

export class OauthAnswer {
  @ApiProperty({ description: 'The user’s, not the app’s.' })
  access_token!: string;

  @ApiProperty({ type: 'integer', description: 'Seconds.' })
  expires_in!: number;

  @ApiProperty()
  refresh_token!: string;

  @ApiProperty()
  openid!: string;

  @ApiProperty({ description: 'As WeChat writes it, which may end in a comma.' })
  scope!: string;

  @ApiProperty({ required: false })
  unionid?: string;

  @ApiProperty({ type: 'integer', required: false, description: '1: the virtual user of a snapshot page.' })
  is_snapshotuser?: number;
}
